//! Vectors by core::arch::wasm32: small algorithms in vectors and in plain Rust, over the same inputs; what they answer, and that they agree.
//! flags: -C target-feature=+simd128
use core::arch::wasm32::*;

struct Random(u32);
impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| (self.next() >> 9) as u8).collect()
    }
}
fn load(bytes: &[u8]) -> v128 {
    assert!(bytes.len() >= 16);
    unsafe { v128_load(bytes.as_ptr() as *const v128) }
}
fn store(bytes: &mut [u8], v: v128) {
    assert!(bytes.len() >= 16);
    unsafe { v128_store(bytes.as_mut_ptr() as *mut v128, v) }
}
fn digest(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c9dc5, |h, &b| (h ^ b as u32).wrapping_mul(0x01000193))
}

fn hex(input: &[u8]) -> Vec<u8> {
    let digits = u8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
    let mut out = vec![0; input.len() * 2];
    for (from, to) in input.chunks_exact(16).zip(out.chunks_exact_mut(32)) {
        let v = load(from);
        let (high, low) = (u8x16_swizzle(digits, u8x16_shr(v, 4)), u8x16_swizzle(digits, v128_and(v, u8x16_splat(15))));
        store(to, u8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(high, low));
        store(&mut to[16..], u8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(high, low));
    }
    out
}
fn upper(text: &mut [u8]) {
    for chunk in text.chunks_exact_mut(16) {
        let v = load(chunk);
        let is_lower = v128_and(u8x16_ge(v, u8x16_splat(b'a')), u8x16_le(v, u8x16_splat(b'z')));
        store(chunk, u8x16_sub(v, v128_and(is_lower, u8x16_splat(32))));
    }
}
fn count(text: &[u8], c: u8) -> u32 {
    text.chunks_exact(16).map(|chunk| u8x16_bitmask(u8x16_eq(load(chunk), u8x16_splat(c))).count_ones()).sum()
}
fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for chunk in bytes.chunks_exact(16) {
        let v = load(chunk);
        let weights_low = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
        let weights_high = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
        let weighted = i32x4_add(i32x4_dot_i16x8(u16x8_extend_low_u8x16(v), weights_low), i32x4_dot_i16x8(u16x8_extend_high_u8x16(v), weights_high));
        let plain = u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(v));
        let sum = |v: v128| u32x4_extract_lane::<0>(v) + u32x4_extract_lane::<1>(v) + u32x4_extract_lane::<2>(v) + u32x4_extract_lane::<3>(v);
        b = (b + 16 * a + sum(weighted)) % 65521;
        a = (a + sum(plain)) % 65521;
    }
    b << 16 | a
}
fn prefix_sums(words: &mut [u32]) {
    let mut carry = u32x4_splat(0);
    for chunk in words.chunks_exact_mut(4) {
        let mut v = u32x4(chunk[0], chunk[1], chunk[2], chunk[3]);
        v = u32x4_add(v, u32x4_shuffle::<0, 4, 5, 6>(u32x4_splat(0), v));
        v = u32x4_add(v, u32x4_shuffle::<0, 1, 4, 5>(u32x4_splat(0), v));
        v = u32x4_add(v, carry);
        carry = u32x4_shuffle::<3, 3, 3, 3>(v, v);
        unsafe { v128_store(chunk.as_mut_ptr() as *mut v128, v) };
    }
}
fn blend(a: &[u8], b: &[u8], alpha: u8, out: &mut [u8]) {
    let (k, l, half) = (u16x8_splat(alpha as u16), u16x8_splat(255 - alpha as u16), u16x8_splat(128));
    let mixed = |x: v128, y: v128| {
        let t = u16x8_add(u16x8_add(u16x8_mul(x, k), u16x8_mul(y, l)), half);
        u16x8_shr(u16x8_add(t, u16x8_shr(t, 8)), 8)
    };
    for ((a, b), out) in a.chunks_exact(16).zip(b.chunks_exact(16)).zip(out.chunks_exact_mut(16)) {
        let (x, y) = (load(a), load(b));
        let low = mixed(u16x8_extend_low_u8x16(x), u16x8_extend_low_u8x16(y));
        let high = mixed(u16x8_extend_high_u8x16(x), u16x8_extend_high_u8x16(y));
        store(out, u8x16_narrow_i16x8(low, high));
    }
}
fn times(a: &[[f32; 4]; 4], b: &[[f32; 4]; 4]) -> [[f32; 4]; 4] {
    let row = |r: &[f32; 4]| f32x4(r[0], r[1], r[2], r[3]);
    let mut out = [[0.0; 4]; 4];
    for i in 0..4 {
        let mut sum = f32x4_mul(f32x4_splat(a[i][0]), row(&b[0]));
        for k in 1..4 {
            sum = f32x4_add(sum, f32x4_mul(f32x4_splat(a[i][k]), row(&b[k])));
        }
        out[i] = [f32x4_extract_lane::<0>(sum), f32x4_extract_lane::<1>(sum), f32x4_extract_lane::<2>(sum), f32x4_extract_lane::<3>(sum)];
    }
    out
}
fn roots(values: &[f64]) -> Vec<f64> {
    let mut out = Vec::new();
    for pair in values.chunks_exact(2) {
        let v = f64x2(pair[0], pair[1]);
        let clamped = f64x2_pmax(f64x2_splat(0.0), f64x2_abs(v));
        let r = f64x2_div(f64x2_sqrt(clamped), f64x2_nearest(f64x2_add(clamped, f64x2_splat(1.0))));
        out.extend([f64x2_extract_lane::<0>(r), f64x2_extract_lane::<1>(r)]);
    }
    out
}
fn multiply_add(state: &mut [u64; 2], rounds: usize) {
    let mut v = u64x2(state[0], state[1]);
    for _ in 0..rounds {
        v = u64x2_add(u64x2_mul(v, u64x2_splat(6364136223846793005)), u64x2(1442695040888963407, 1));
        v = v128_xor(v, u64x2_shr(v, 29));
    }
    *state = [u64x2_extract_lane::<0>(v), u64x2_extract_lane::<1>(v)];
}
/// Through a trait object, so that vectors are parameters and results of an indirect call.
trait Step {
    fn step(&self, v: v128, by: v128) -> v128;
}
struct Saturate;
struct Rotate(u32);
impl Step for Saturate {
    fn step(&self, v: v128, by: v128) -> v128 {
        i8x16_add_sat(v, i8x16_sub_sat(by, v))
    }
}
impl Step for Rotate {
    fn step(&self, v: v128, by: v128) -> v128 {
        v128_xor(v128_or(u32x4_shl(v, self.0), u32x4_shr(v, 32 - self.0)), by)
    }
}

fn main() {
    let mut random = Random(0x9e3779b9);
    let bytes = random.bytes(4096);

    let text = String::from_utf8(hex(&bytes)).unwrap();
    let plain: String = bytes.iter().map(|b| format!("{:02x}", b)).collect();
    println!("hex {} {} {}", &text[..32], text == plain, digest(text.as_bytes()));

    let mut shouted = bytes.clone();
    upper(&mut shouted);
    println!("upper {} {}", shouted == bytes.to_ascii_uppercase(), digest(&shouted));
    println!("count {} {}", count(&bytes, b'e'), count(&bytes, b'e') as usize == bytes.iter().filter(|&&b| b == b'e').count());

    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), &x| ((a + x as u32) % 65521, (b + (a + x as u32) % 65521) % 65521));
    println!("adler {:08x} {}", adler(&bytes), adler(&bytes) == b << 16 | a);

    let mut words: Vec<u32> = (0..1000).map(|_| random.next()).collect();
    let sums: Vec<u32> = words.iter().scan(0u32, |s, &w| { *s = s.wrapping_add(w); Some(*s) }).collect();
    prefix_sums(&mut words);
    println!("prefix sums {:08x} {}", words[999], words == sums);

    let (under, mut out) = (random.bytes(4096), vec![0; 4096]);
    for alpha in [0, 1, 127, 254, 255] {
        blend(&bytes, &under, alpha, &mut out);
        let right = bytes.iter().zip(&under).map(|(&x, &y)| (x as u32 * alpha as u32 + y as u32 * (255 - alpha as u32) + 128) as u32).map(|t| ((t + (t >> 8)) >> 8) as u8);
        println!("blend {} {} {}", alpha, digest(&out), right.eq(out.iter().copied()));
    }

    let mut m = [[1.0f32, 0.5, -0.25, 0.0], [0.125, 1.0, 0.0, 0.75], [0.0, -0.5, 1.0, 0.25], [0.5, 0.0, 0.375, 1.0]];
    for _ in 0..5 {
        m = times(&m, &m);
    }
    println!("matrix {:?}", m[1]);

    let values: Vec<f64> = (0..100).map(|i| (i as f64 - 50.0) * 1.375).chain([f64::INFINITY, -0.0]).collect();
    let right: Vec<u64> = values.iter().map(|v| { let c = if v.abs() > 0.0 { v.abs() } else { 0.0 }; (c.sqrt() / { let x = c + 1.0; if (x - x.floor()) == 0.5 { 2.0 * (x / 2.0).round() } else { x.round() } }).to_bits() }).collect();
    let found = roots(&values);
    println!("roots {:.12} {}", found[7], found.iter().zip(&right).all(|(f, &r)| f.to_bits() == r || (f.is_nan() && f64::from_bits(r).is_nan())));

    let mut state = [1, 2];
    multiply_add(&mut state, 1000);
    let mut other = [1u64, 2];
    for _ in 0..1000 {
        for i in 0..2 {
            other[i] = other[i].wrapping_mul(6364136223846793005).wrapping_add([1442695040888963407, 1][i]);
            other[i] ^= other[i] >> 29;
        }
    }
    println!("multiply {:016x} {:016x} {}", state[0], state[1], state == other);

    let steps: Vec<Box<dyn Step>> = vec![Box::new(Saturate), Box::new(Rotate(7)), Box::new(Rotate(19))];
    let mut v = i32x4(1, -2, 3, i32::MIN);
    for i in 0..300 {
        v = steps[(i * i) % 3].step(v, load(&bytes[i..]));
    }
    let mut last = [0; 16];
    store(&mut last, v);
    println!("steps {:02x?} any {} all {}", last, v128_any_true(v), i16x8_all_true(v));
}
