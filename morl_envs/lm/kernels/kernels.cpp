// What a decoding step consists of, on CPUs: products, and the small work between them.
//
// Written with the vector extensions of gcc and clang: sixteen numbers at a time, whatever the processor has registers
// for. Numbers are float32 or bfloat16 in memory and float32 in between. Threads are those that torch uses.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace {

typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));

constexpr int LANES = 16;
constexpr int64_t ENOUGH = 1 << 15;  // numbers: less is done before a second thread has begun

struct bfloat16 {
  uint16_t bits;
  operator float() const {
    uint32_t word = uint32_t(bits) << 16;
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
  }
};

inline floats as_floats(words bits) {
  floats x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

inline floats load(const float *from) {
  floats x;
  memcpy(&x, from, sizeof x);
  return x;
}

inline floats load(const bfloat16 *from) {
  halves upper;
  memcpy(&upper, from, sizeof upper);
  return as_floats(__builtin_convertvector(upper, words) << 16);
}

inline void store(float *to, floats x) { memcpy(to, &x, sizeof x); }

inline void store(bfloat16 *to, floats x) {  // rounded to the nearest, to even where two are
  words bits;
  memcpy(&bits, &x, sizeof bits);
  bits += 0x7fff + ((bits >> 16) & 1);
  halves upper = __builtin_convertvector(bits >> 16, halves);
  memcpy(to, &upper, sizeof upper);
}

template <class T> inline floats rounded(floats x) {
  T kept[LANES];
  store(kept, x);
  return load(kept);
}

inline float total(floats x) {
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) x[i] += x[i + width];
  return x[0];
}

inline float largest(floats x) {
  float most = x[0];
  for (int i = 1; i < LANES; i++) most = std::max(most, x[i]);
  return most;
}

// The totals of sixteen vectors, one a lane: halves are folded onto each other, two vectors at a time.
inline floats totals(const floats *x) {
  floats a[8], b[4], c[2];
  for (int i = 0; i < 8; i++)
    a[i] = __builtin_shuffle(x[i], x[i + 8], ints{0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30}) +
           __builtin_shuffle(x[i], x[i + 8], ints{1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31});
  for (int i = 0; i < 4; i++)
    b[i] = __builtin_shuffle(a[i], a[i + 4], ints{0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29}) +
           __builtin_shuffle(a[i], a[i + 4], ints{2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
  for (int i = 0; i < 2; i++)
    c[i] = __builtin_shuffle(b[i], b[i + 2], ints{0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27}) +
           __builtin_shuffle(b[i], b[i + 2], ints{4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31});
  floats d = __builtin_shuffle(c[0], c[1], ints{0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23}) +
             __builtin_shuffle(c[0], c[1], ints{8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31});
  return __builtin_shuffle(d, ints{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15});
}

// e to the power of x, which is at most 0, to seven digits; 0 where x lies below -87.
inline floats exponential(floats x) {
  floats y = x * 1.44269504f;
  ints nothing = y < -126.f;
  y = nothing ? floats{} - 126.f : y;
  ints whole = __builtin_convertvector(y - 0.5f, ints);
  floats f = y - __builtin_convertvector(whole, floats);
  floats power = floats{} + 1.535336188319500e-4f;
  power = power * f + 1.339887440266574e-3f;
  power = power * f + 9.618437357674640e-3f;
  power = power * f + 5.550332471162809e-2f;
  power = power * f + 2.402264791363012e-1f;
  power = power * f + 6.931472028550421e-1f;
  power = power * f + 1.f;
  ints bits;
  memcpy(&bits, &power, sizeof bits);
  bits = (bits + (whole << 23)) & ~nothing;
  memcpy(&power, &bits, sizeof power);
  return power;
}

// scores[0 .. count) to probabilities, unscaled; returns what to scale them by.
inline float softmax(float *scores, int64_t count) {
  for (int64_t t = count; t % LANES; t++) scores[t] = -FLT_MAX;
  floats most = load(scores);
  for (int64_t t = LANES; t < count; t += LANES) {
    floats x = load(scores + t);
    most = x > most ? x : most;
  }
  float top = largest(most);
  floats sum = {};
  for (int64_t t = 0; t < count; t += LANES) {
    floats e = exponential(load(scores + t) - top);
    store(scores + t, e);
    sum += e;
  }
  return 1 / total(sum);
}

template <int WIDTH, class T> inline void prefetch(const T *x) {
  for (size_t byte = 0; byte < WIDTH * sizeof(T); byte += 64)
    __builtin_prefetch(reinterpret_cast<const char *>(x) + byte);
}

// Attention of G heads' queries over the same `count` keys and values, each of 16 W numbers, so and so far apart. What is
// read soon is asked for early: values while keys are read, the next head's keys while values are.
template <class T, int W, int G>
void attend_group(const T *query, const T *key, int64_t key_slot, const T *value, int64_t value_slot, const T *mask,
                  int64_t count, float scale, float *scores, int64_t pitch, T *out, const T *next) {
  constexpr int WIDTH = LANES * W;
  floats q[G][W];
  for (int h = 0; h < G; h++)
    for (int w = 0; w < W; w++) q[h][w] = load(query + h * WIDTH + w * LANES) * scale;
  for (int64_t t = 0; t < count; t += LANES) {
    int64_t held = std::min<int64_t>(LANES, count - t);
    floats partial[G][LANES];
    for (int64_t j = 0; j < LANES; j++) {
      const T *k = key + (t + std::min(j, held - 1)) * key_slot;
      floats x[W];
      for (int w = 0; w < W; w++) x[w] = load(k + w * LANES);
      for (int h = 0; h < G; h++) {
        floats sum = q[h][0] * x[0];
        for (int w = 1; w < W; w++) sum += q[h][w] * x[w];
        partial[h][j] = sum;
      }
      prefetch<WIDTH>(value + (t + j) * value_slot);
    }
    for (int h = 0; h < G; h++) store(scores + h * pitch + t, totals(partial[h]));
  }
  if (mask)
    for (int64_t t = 0; t < count; t++) {
      float added = mask[t];
      for (int h = 0; h < G; h++) scores[h * pitch + t] += added;
    }
  float share[G];
  for (int h = 0; h < G; h++) share[h] = softmax(scores + h * pitch, count);
  floats mixed[G][W] = {};
  for (int64_t t = 0; t < count; t++) {
    floats x[W];
    for (int w = 0; w < W; w++) x[w] = load(value + t * value_slot + w * LANES);
    prefetch<WIDTH>(next + t * key_slot);
    for (int h = 0; h < G; h++)
      for (int w = 0; w < W; w++) mixed[h][w] += scores[h * pitch + t] * x[w];
  }
  for (int h = 0; h < G; h++)
    for (int w = 0; w < W; w++) store(out + h * WIDTH + w * LANES, mixed[h][w] * share[h]);
}

// Attention of rows' queries, (rows, queries, key heads, group, width), over keys (rows, key heads, slots, width), whose
// rows, heads and slots lie so and so far apart; what a query sees of its row's slots is told by its mask.
template <class T> struct Attention {
  const T *query, *key, *value, *mask;  // mask: null, or (rows or 1, queries, slots), added to scores
  T *out;                               // like query
  int64_t rows, queries, key_heads, group, width, slots;
  int64_t key_row, key_head, key_slot, value_row, value_head, value_slot, mask_row, mask_query;
  float scale;

  template <int W> void task(int64_t row, int64_t head, int64_t i, float *scores) const {
    const T *k = key + row * key_row + head * key_head, *v = value + row * value_row + head * value_head;
    const T *seen = mask ? mask + row * mask_row + i * mask_query : nullptr;
    int64_t first = 0, end = slots;
    if (seen) {
      while (end > 1 && float(seen[end - 1]) < -1e30f) end--;
      while (first < end - 1 && float(seen[first]) < -1e30f) first++;
      seen += first;
    }
    int64_t at = ((row * queries + i) * key_heads + head) * group * width, pitch = slots + LANES;
    for (int64_t h = 0; h < group; h += 4, at += 4 * width) {
      auto run = [&](auto attend) {
        attend(query + at, k + first * key_slot, key_slot, v + first * value_slot, value_slot, seen, end - first, scale,
               scores, pitch, out + at, k + key_head);
      };
      switch (group - h) {
        case 1: run(attend_group<T, W, 1>); break;
        case 2: run(attend_group<T, W, 2>); break;
        case 3: run(attend_group<T, W, 3>); break;
        default: run(attend_group<T, W, 4>);
      }
    }
  }

  template <int W> void all() const {
#pragma omp parallel if (rows * key_heads * slots * width * queries > ENOUGH)
    {
      std::vector<float> scores(4 * (slots + LANES));
#pragma omp for schedule(static)
      for (int64_t i = 0; i < rows * key_heads * queries; i++)  // queries of one head after the other: its keys stay
        task<W>(i / queries / key_heads, i / queries % key_heads, i % queries, scores.data());
    }
  }
};

template <class T> int attend(const Attention<T> &a) {
  switch (a.width) {
    case 16: a.template all<1>(); return 1;
    case 32: a.template all<2>(); return 1;
    case 64: a.template all<4>(); return 1;
    case 96: a.template all<6>(); return 1;
    case 128: a.template all<8>(); return 1;
  }
  return 0;
}

// A key and a value of every row, (rows, heads, width), to the row's slot of (rows, heads, slots, width).
template <class T>
void put(const T *key, const T *value, T *keys, T *values, const int64_t *at, int64_t rows, int64_t heads, int64_t slots,
         int64_t width) {
  for (int64_t i = 0; i < rows * heads; i++) {
    int64_t to = (i * slots + at[i / heads]) * width;
    memcpy(keys + to, key + i * width, width * sizeof(T));
    memcpy(values + to, value + i * width, width * sizeof(T));
  }
}

// Rows divided by their root mean square and multiplied by a weight, rounded in between as transformers does.
template <class T> void rms_norm(const T *x, const T *weight, T *out, int64_t rows, int64_t width, float epsilon) {
#pragma omp parallel for schedule(static) if (rows * width > ENOUGH)
  for (int64_t row = 0; row < rows; row++) {
    const T *from = x + row * width;
    T *to = out + row * width;
    floats squares = {};
    for (int64_t i = 0; i < width; i += LANES) squares += load(from + i) * load(from + i);
    float scale = 1 / std::sqrt(total(squares) / width + epsilon);
    for (int64_t i = 0; i < width; i += LANES)
      store(to + i, load(weight + i) * rounded<T>(load(from + i) * scale));
  }
}

// One stream of activations added to another.
template <class T> void add(const T *x, const T *y, T *out, int64_t count) {
#pragma omp parallel for schedule(static) if (count > ENOUGH)
  for (int64_t i = 0; i < count; i += LANES) store(out + i, load(x + i) + load(y + i));
}

// In place: gate / (1 + e^-gate) times up, rounded in between as transformers does.
template <class T> void gate(T *gate, const T *up, int64_t count) {
#pragma omp parallel for schedule(static) if (count > ENOUGH)
  for (int64_t i = 0; i < count; i += LANES) {
    floats x = load(gate + i);
    floats e = exponential(x < 0.f ? x : -x);
    store(gate + i, rounded<T>(x * (x < 0.f ? e : floats{} + 1.f) / (1.f + e)) * load(up + i));
  }
}

// Heads of every token, (tokens, heads, width), turned by the token's angles, (tokens, width) each.
template <class T>
void rotate(const T *x, const T *cosine, const T *sine, T *out, int64_t tokens, int64_t heads, int64_t width) {
#pragma omp parallel for schedule(static) if (tokens * heads * width > ENOUGH)
  for (int64_t token = 0; token < tokens; token++)
    for (int64_t head = 0; head < heads; head++) {
      int64_t lower = (token * heads + head) * width, upper = lower + width / 2, at = token * width;
      for (int64_t i = 0; i < width / 2; i += LANES) {
        floats a = load(x + lower + i), b = load(x + upper + i);
        store(out + lower + i, a * load(cosine + at + i) - b * load(sine + at + i));
        store(out + upper + i, b * load(cosine + at + width / 2 + i) + a * load(sine + at + width / 2 + i));
      }
    }
}

// The first token whose cumulative probability lies above u, and which can be drawn at all: first its block, then the
// token within.
template <class T> int64_t draw(const T *logits, int64_t count, double u, float sharpness, std::vector<double> &sums) {
  constexpr int64_t BLOCK = 16 * LANES;
  floats most = floats{} - FLT_MAX;
  for (int64_t i = 0; i < count; i += LANES) {
    floats x = load(logits + i);
    most = x > most ? x : most;
  }
  float top = largest(most);
  auto chance = [&](int64_t i) { return exponential((load(logits + i) - top) * sharpness); };
  double sum = 0;
  sums.clear();
  for (int64_t start = 0; start < count; start += BLOCK) {
    floats inside = {};
    for (int64_t i = start; i < std::min(count, start + BLOCK); i += LANES) inside += chance(i);
    sums.push_back(sum += total(inside));
  }
  double target = std::min(u * sum, std::nextafter(sum, 0.));
  int64_t block = std::upper_bound(sums.begin(), sums.end(), target) - sums.begin(), last = -1;
  double before = block ? sums[block - 1] : 0;
  for (int64_t i = block * BLOCK; i < std::min(count, (block + 1) * BLOCK); i += LANES) {
    floats part = chance(i);
    for (int64_t lane = 0; lane < LANES; lane++) {
      if (part[lane] > 0) last = i + lane;
      if (last == i + lane && (before += part[lane]) > target) return last;
    }
  }
  return last;  // the block's sum in another order was a little larger
}

template <class T>
void draw(const T *logits, const double *u, int64_t *tokens, int64_t rows, int64_t count, float sharpness) {
#pragma omp parallel if (rows * count > ENOUGH)
  {
    std::vector<double> sums;
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; row++) tokens[row] = draw(logits + row * count, count, u[row], sharpness, sums);
  }
}

// sum + x * weights; two bfloat16 to a word, one float32.
inline floats multiply_add(floats sum, words x, words weights, float) { return sum + as_floats(x) * as_floats(weights); }

inline floats multiply_add(floats sum, words x, words weights, bfloat16) {
#ifdef __AVX512BF16__
  __m512bh a, b;
  memcpy(&a, &x, sizeof a);
  memcpy(&b, &weights, sizeof b);
  return floats(_mm512_dpbf16_ps(__m512(sum), a, b));
#else
  constexpr uint32_t UPPER = 0xffff0000;
  return sum + as_floats(x << 16) * as_floats(weights << 16) + as_floats(x & UPPER) * as_floats(weights & UPPER);
#endif
}

#ifdef __AVX512F__
constexpr int VECTORS = 3, ROWS = 8;  // of sums that registers hold: all but eight
#else
constexpr int VECTORS = 0, ROWS = 1;  // not enough registers: oneDNN's products are faster
#endif

// R rows times 16 V outputs, whose weights lie input after input (two of bfloat16), output beside output.
template <class T, int R, int V>
void product_tile(const T *x, const uint32_t *weights, const T *bias, T *out, int64_t inputs, int64_t outputs) {
  constexpr int STEP = sizeof(uint32_t) / sizeof(T);
  floats sums[R][V];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) sums[r][v] = floats{};
  for (int64_t i = 0; i < inputs; i += STEP, weights += V * LANES) {
    words w[V];
    for (int v = 0; v < V; v++) memcpy(&w[v], weights + v * LANES, sizeof w[v]);
    for (int r = 0; r < R; r++) {
      uint32_t word;
      memcpy(&word, x + r * inputs + i, sizeof word);
      for (int v = 0; v < V; v++) sums[r][v] = multiply_add(sums[r][v], words{} + word, w[v], T{});
    }
  }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) {
      floats sum = bias ? sums[r][v] + load(bias + v * LANES) : sums[r][v];
      store(out + r * outputs + v * LANES, sum);
    }
}

template <class T, int V, int R = ROWS>
void product_block(const T *x, const uint32_t *weights, const T *bias, T *out, int64_t rows, int64_t inputs,
                   int64_t outputs) {
  for (; rows >= R; rows -= R, x += R * inputs, out += R * outputs)
    product_tile<T, R, V>(x, weights, bias, out, inputs, outputs);
  if constexpr (R > 1)
    if (rows) product_block<T, V, R - 1>(x, weights, bias, out, rows, inputs, outputs);
}

// Rows times a matrix that was laid out in blocks of 48 outputs, the last of what is left.
template <class T>
void product(const T *x, const uint32_t *weights, const T *bias, T *out, int64_t rows, int64_t inputs, int64_t outputs) {
  constexpr int64_t STEP = sizeof(uint32_t) / sizeof(T), BLOCK = VECTORS * LANES;
  constexpr int64_t HELD = 256;  // rows that stay in the cache while all blocks pass
#pragma omp parallel if (rows * inputs * outputs > ENOUGH)
  for (int64_t first = 0; first < rows; first += HELD) {
    const T *from = x + first * inputs;
    int64_t held = std::min(HELD, rows - first);
#pragma omp for schedule(static) nowait
    for (int64_t o = 0; o < outputs; o += BLOCK) {
      const uint32_t *block = weights + o * (inputs / STEP);
      const T *added = bias ? bias + o : nullptr;
      T *to = out + first * outputs + o;
      switch (std::min(BLOCK, outputs - o) / LANES) {
        case 1: product_block<T, 1>(from, block, added, to, held, inputs, outputs); break;
        case 2: product_block<T, 2>(from, block, added, to, held, inputs, outputs); break;
        default: product_block<T, 3>(from, block, added, to, held, inputs, outputs);
      }
    }
  }
}

// A recorded call: a function, and its arguments as words.
struct Step {
  void (*function)(const int64_t *);
  int64_t arguments[20];
};

template <class A> A argument(int64_t word) {
  if constexpr (std::is_pointer_v<A>) return reinterpret_cast<A>(word);
  else if constexpr (std::is_integral_v<A>) return word;
  else {
    double x;
    memcpy(&x, &word, sizeof x);
    return A(x);
  }
}

template <class R, class... A, size_t... I>
void spread(R (*function)(A...), const int64_t *words, std::index_sequence<I...>) {
  function(argument<A>(words[I])...);
}

template <class R, class... A> void spread(R (*function)(A...), const int64_t *words) {
  spread(function, words, std::index_sequence_for<A...>{});
}

}  // namespace

#define STEP(NAME) \
  extern "C" void NAME##_step(const int64_t *words) { spread(NAME, words); }

#define FOR_EACH(T, NAME)                                                                                              \
  extern "C" int attend_##NAME(const T *query, const T *key, const T *value, const T *mask, T *out, int64_t rows,      \
                               int64_t queries, int64_t key_heads, int64_t group, int64_t width, int64_t slots,        \
                               int64_t key_row, int64_t key_head, int64_t key_slot, int64_t value_row,                 \
                               int64_t value_head, int64_t value_slot, int64_t mask_row, int64_t mask_query,           \
                               float scale) {                                                                          \
    return attend(Attention<T>{query, key, value, mask, out, rows, queries, key_heads, group, width, slots, key_row,   \
                               key_head, key_slot, value_row, value_head, value_slot, mask_row, mask_query, scale});   \
  }                                                                                                                    \
  extern "C" void put_##NAME(const T *key, const T *value, T *keys, T *values, const int64_t *at, int64_t rows,        \
                             int64_t heads, int64_t slots, int64_t width) {                                            \
    put(key, value, keys, values, at, rows, heads, slots, width);                                                      \
  }                                                                                                                    \
  extern "C" void rms_norm_##NAME(const T *x, const T *weight, T *out, int64_t rows, int64_t width, float epsilon) {   \
    rms_norm(x, weight, out, rows, width, epsilon);                                                                    \
  }                                                                                                                    \
  extern "C" void add_##NAME(const T *x, const T *y, T *out, int64_t count) { add(x, y, out, count); }                 \
  extern "C" void gate_##NAME(T *x, const T *up, int64_t count) { gate(x, up, count); }                                \
  extern "C" void rotate_##NAME(const T *x, const T *cosine, const T *sine, T *out, int64_t tokens, int64_t heads,     \
                                int64_t width) {                                                                       \
    rotate(x, cosine, sine, out, tokens, heads, width);                                                                \
  }                                                                                                                    \
  extern "C" void draw_##NAME(const T *logits, const double *u, int64_t *tokens, int64_t rows, int64_t count,          \
                              float sharpness) {                                                                       \
    draw(logits, u, tokens, rows, count, sharpness);                                                                   \
  }                                                                                                                    \
  extern "C" void product_##NAME(const T *x, const uint32_t *weights, const T *bias, T *out, int64_t rows,             \
                                 int64_t inputs, int64_t outputs) {                                                    \
    product(x, weights, bias, out, rows, inputs, outputs);                                                             \
  }                                                                                                                    \
  STEP(attend_##NAME)                                                                                                  \
  STEP(put_##NAME)                                                                                                     \
  STEP(rms_norm_##NAME)                                                                                                \
  STEP(add_##NAME)                                                                                                     \
  STEP(gate_##NAME)                                                                                                    \
  STEP(rotate_##NAME)                                                                                                  \
  STEP(product_##NAME)

FOR_EACH(float, float32)
FOR_EACH(bfloat16, bfloat16)

extern "C" void run(const Step *steps, int64_t count) {
  for (int64_t i = 0; i < count; i++) steps[i].function(steps[i].arguments);
}

extern "C" int64_t product_outputs() { return VECTORS * LANES; }
