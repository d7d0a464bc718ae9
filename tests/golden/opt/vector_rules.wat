;;! target = "x86_64"
;;! show = "opt"
;; What is known of vectors before they run: one function for each rule.
(module
  (func (export "splat_of_constant") (result v128) (i16x8.splat (i32.const 0x12345)))
  (func (export "splat_of_lane") (param v128) (result v128) (i32x4.splat (i32x4.extract_lane 2 (local.get 0))))
  (func (export "lane_of_constant") (result i32) (i8x16.extract_lane_s 1 (v128.const i8x16 0 0x80 0 0 0 0 0 0 0 0 0 0 0 0 0 0)))
  (func (export "lane_of_splat") (param i32) (result i32) (i8x16.extract_lane_u 5 (i8x16.splat (local.get 0))))
  (func (export "lane_of_replaced") (param v128 f32) (result f32 f32)
    (f32x4.extract_lane 1 (f32x4.replace_lane 1 (local.get 0) (local.get 1)))
    (f32x4.extract_lane 2 (f32x4.replace_lane 1 (local.get 0) (local.get 1))))
  (func (export "lane_of_shuffled") (param v128 v128) (result i64)
    (i64x2.extract_lane 0 (i8x16.shuffle 24 25 26 27 28 29 30 31 0 1 2 3 4 5 6 7 (local.get 0) (local.get 1))))
  (func (export "replaced_by_lane") (param v128 v128) (result v128)
    (i16x8.replace_lane 1 (local.get 0) (i16x8.extract_lane_u 7 (local.get 1))))
  (func (export "replaced_by_wide_lane") (param v128 v128) (result v128)
    (f32x4.replace_lane 1 (local.get 0) (f32x4.extract_lane 3 (local.get 1))))
  (func (export "shuffle_in_place") (param v128 v128) (result v128)
    (i8x16.shuffle 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 (local.get 0) (local.get 1)))
  (func (export "shuffle_of_shuffle") (param v128 v128) (result v128) (local v128)
    (local.set 2 (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
    (i8x16.shuffle 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 (local.get 2) (local.get 2)))
  (func (export "shuffle_of_shuffled_one") (param v128) (result v128) (local v128)
    (local.set 1 (i8x16.shuffle 1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 14 (local.get 0) (local.get 0)))
    (i8x16.shuffle 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 (local.get 1) (local.get 1)))
  (func (export "shuffle_of_constants") (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (v128.const i64x2 0x0706050403020100 0) (v128.const i64x2 -1 0)))
  (func (export "swizzle_by_constant") (param v128) (result v128)
    (i8x16.swizzle (local.get 0) (v128.const i8x16 1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 200)))
  (func (export "swizzle_by_nibbles") (param v128 v128) (result v128 v128)
    (i8x16.swizzle (local.get 0) (v128.and (local.get 1) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15)))
    (i8x16.swizzle (local.get 0) (i8x16.shr_u (local.get 1) (i32.const 4))))
  (func (export "swizzle_by_anything") (param v128 v128) (result v128)
    (i8x16.swizzle (local.get 0) (i8x16.shr_u (local.get 1) (i32.const 3))))
  (func (export "compare_with_constant") (param v128) (result v128 v128 v128)
    (i8x16.lt_u (local.get 0) (i8x16.splat (i32.const 26)))
    (i32x4.ge_s (local.get 0) (i32x4.splat (i32.const 1)))
    (i32x4.ge_s (local.get 0) (i32x4.splat (i32.const 0x80000000))))
  (func (export "compare_with_itself") (param v128) (result v128 v128)
    (i64x2.le_s (local.get 0) (local.get 0)) (i16x8.gt_u (local.get 0) (local.get 0)))
  (func (export "select_by_constant") (param v128 v128) (result v128)
    (v128.bitselect (local.get 0) (local.get 1) (v128.const i32x4 -1 0 0xff -1)))
  (func (export "select_by_bits") (param v128 v128) (result v128)
    (v128.bitselect (local.get 0) (local.get 1) (v128.const i32x4 -1 0 0x7f -1)))
  (func (export "select_inverted") (param v128 v128 v128) (result v128 v128)
    (v128.bitselect (local.get 0) (local.get 1) (v128.not (local.get 2)))
    (v128.bitselect (local.get 0) (local.get 1) (i8x16.ne (local.get 2) (local.get 1))))
  (func (export "select_zero") (param v128 v128) (result v128 v128 v128)
    (v128.bitselect (local.get 0) (v128.const i64x2 0 0) (local.get 1))
    (v128.bitselect (v128.const i64x2 0 0) (local.get 0) (local.get 1))
    (v128.bitselect (v128.const i64x2 -1 -1) (local.get 0) (local.get 1)))
  (func (export "negated_twice") (param v128) (result v128 v128 v128)
    (i8x16.neg (i8x16.neg (local.get 0))) (f32x4.neg (f32x4.neg (local.get 0))) (v128.not (v128.not (local.get 0))))
  (func (export "negated_once") (param v128 v128) (result v128 v128)
    (i8x16.add (local.get 0) (i8x16.neg (local.get 1))) (i16x8.neg (i8x16.neg (local.get 0))))
  (func (export "and_not") (param v128) (result v128) (v128.andnot (local.get 0) (local.get 0)))
  (func (export "and_and") (param v128) (result v128)
    (v128.and (v128.and (local.get 0) (v128.const i64x2 0xff 0xf)) (v128.const i64x2 0xf0f 0xff)))
  (func (export "product_with_power") (param v128) (result v128 v128)
    (i64x2.mul (local.get 0) (i64x2.splat (i64.const 8))) (i32x4.mul (local.get 0) (i32x4.splat (i32.const 12))))
  (func (export "q15_by_constant") (param v128) (result v128 v128)
    (i16x8.q15mulr_sat_s (local.get 0) (i16x8.splat (i32.const 0x7fff)))
    (i16x8.q15mulr_sat_s (local.get 0) (i16x8.splat (i32.const 0x8000))))
  (func (export "shifted_by_none") (param v128) (result v128) (i16x8.shr_s (local.get 0) (i32.const 16))))
;; splat_of_constant:
;; function "function[0]" sym0 wasm(i64) -> v128 {
;; block0(v0: i64):
;;   v2 = vconst.v128 0x23452345234523452345234523452345
;;   return v2
;; }
;; splat_of_lane:
;; function "function[1]" sym1 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   v4 = vconst.v128 0x0b0a09080b0a09080b0a09080b0a0908
;;   v5 = vshuffle.i8x16 v1, v1, v4
;;   return v5
;; }
;; lane_of_constant:
;; function "function[2]" sym2 wasm(i64) -> i32 {
;; block0(v0: i64):
;;   v5 = iconst.i32 -128
;;   return v5
;; }
;; lane_of_splat:
;; function "function[3]" sym3 wasm(i64, i32) -> i32 {
;; block0(v0: i64, v1: i32):
;;   v4 = iconst.i32 255
;;   v5 = and.i32 v1, v4
;;   return v5
;; }
;; lane_of_replaced:
;; function "function[4]" sym4 wasm(i64, v128, f32) -> f32, f32 {
;; block0(v0: i64, v1: v128, v2: f32):
;;   v6 = vextract.f32x4 v1, 2
;;   return v2, v6
;; }
;; lane_of_shuffled:
;; function "function[5]" sym5 wasm(i64, v128, v128) -> i64 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v6 = vextract.i64x2 v2, 1
;;   return v6
;; }
;; replaced_by_lane:
;; function "function[6]" sym6 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v3 = vextract.i16x8 v2, 7
;;   v4 = vreplace.i16x8 v1, v3, 1
;;   return v4
;; }
;; replaced_by_wide_lane:
;; function "function[7]" sym7 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v5 = vconst.v128 0x0f0e0d0c0b0a09081f1e1d1c03020100
;;   v6 = vshuffle.i8x16 v1, v2, v5
;;   return v6
;; }
;; shuffle_in_place:
;; function "function[8]" sym8 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   return v2
;; }
;; shuffle_of_shuffle:
;; function "function[9]" sym9 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v4 = vconst.v128 0x17071606150514041303120211011000
;;   v5 = vshuffle.i8x16 v1, v2, v4
;;   v6 = vconst.v128 0x000102030405060708090a0b0c0d0e0f
;;   v7 = vshuffle.i8x16 v5, v5, v6
;;   return v7
;; }
;; shuffle_of_shuffled_one:
;; function "function[10]" sym10 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   v7 = vconst.v128 0x010003020504070609080b0a0d0c0f0e
;;   v8 = vshuffle.i8x16 v1, v1, v7
;;   return v8
;; }
;; shuffle_of_constants:
;; function "function[11]" sym11 wasm(i64) -> v128 {
;; block0(v0: i64):
;;   v5 = vconst.v128 0xff07ff06ff05ff04ff03ff02ff01ff00
;;   return v5
;; }
;; swizzle_by_constant:
;; function "function[12]" sym12 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   v4 = vconst.v128 0x00000000000000000000000000000000
;;   v5 = vconst.v128 0x100f0c0d0a0b08090607040502030001
;;   v6 = vshuffle.i8x16 v1, v4, v5
;;   return v6
;; }
;; swizzle_by_nibbles:
;; function "function[13]" sym13 wasm(i64, v128, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v3 = vconst.v128 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
;;   v4 = and.v128 v2, v3
;;   v9 = vswizzle_any.i8x16 v1, v4
;;   v6 = iconst.i32 4
;;   v7 = vshr_u.i8x16 v2, v6
;;   v10 = vswizzle_any.i8x16 v1, v7
;;   return v9, v10
;; }
;; swizzle_by_anything:
;; function "function[14]" sym14 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v3 = iconst.i32 3
;;   v4 = vshr_u.i8x16 v2, v3
;;   v5 = vswizzle.i8x16 v1, v4
;;   return v5
;; }
;; compare_with_constant:
;; function "function[15]" sym15 wasm(i64, v128) -> v128, v128, v128 {
;; block0(v0: i64, v1: v128):
;;   v11 = vconst.v128 0x19191919191919191919191919191919
;;   v12 = vicmp.i8x16 ule v1, v11
;;   v13 = vconst.v128 0x00000000000000000000000000000000
;;   v14 = vicmp.i32x4 sgt v1, v13
;;   v9 = vconst.v128 0x80000000800000008000000080000000
;;   v10 = vicmp.i32x4 sge v1, v9
;;   return v12, v14, v10
;; }
;; compare_with_itself:
;; function "function[16]" sym16 wasm(i64, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128):
;;   v4 = vconst.v128 0xffffffffffffffffffffffffffffffff
;;   v5 = vconst.v128 0x00000000000000000000000000000000
;;   return v4, v5
;; }
;; select_by_constant:
;; function "function[17]" sym17 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v5 = vconst.v128 0x0f0e0d0c1b1a19081716151403020100
;;   v6 = vshuffle.i8x16 v1, v2, v5
;;   return v6
;; }
;; select_by_bits:
;; function "function[18]" sym18 wasm(i64, v128, v128) -> v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v3 = vconst.v128 0xffffffff0000007f00000000ffffffff
;;   v4 = vselect v1, v2, v3
;;   return v4
;; }
;; select_inverted:
;; function "function[19]" sym19 wasm(i64, v128, v128, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128, v2: v128, v3: v128):
;;   v9 = vselect v2, v1, v3
;;   v10 = vicmp.i8x16 eq v3, v2
;;   v11 = vselect v2, v1, v10
;;   return v9, v11
;; }
;; select_zero:
;; function "function[20]" sym20 wasm(i64, v128, v128) -> v128, v128, v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v8 = and.v128 v1, v2
;;   v9 = vconst.v128 0xffffffffffffffffffffffffffffffff
;;   v10 = xor.v128 v2, v9
;;   v11 = and.v128 v1, v10
;;   v12 = or.v128 v1, v2
;;   return v8, v11, v12
;; }
;; negated_twice:
;; function "function[21]" sym21 wasm(i64, v128) -> v128, v128, v128 {
;; block0(v0: i64, v1: v128):
;;   return v1, v1, v1
;; }
;; negated_once:
;; function "function[22]" sym22 wasm(i64, v128, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128, v2: v128):
;;   v3 = vconst.v128 0x00000000000000000000000000000000
;;   v8 = vsub.i8x16 v1, v2
;;   v6 = vsub.i8x16 v3, v1
;;   v7 = vsub.i16x8 v3, v6
;;   return v8, v7
;; }
;; and_not:
;; function "function[23]" sym23 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   v5 = vconst.v128 0x00000000000000000000000000000000
;;   return v5
;; }
;; and_and:
;; function "function[24]" sym24 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   v6 = vconst.v128 0x000000000000000f000000000000000f
;;   v7 = and.v128 v1, v6
;;   return v7
;; }
;; product_with_power:
;; function "function[25]" sym25 wasm(i64, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128):
;;   v8 = iconst.i32 3
;;   v9 = vshl.i64x2 v1, v8
;;   v6 = vconst.v128 0x0000000c0000000c0000000c0000000c
;;   v7 = vmul.i32x4 v1, v6
;;   return v9, v7
;; }
;; q15_by_constant:
;; function "function[26]" sym26 wasm(i64, v128) -> v128, v128 {
;; block0(v0: i64, v1: v128):
;;   v3 = vconst.v128 0x7fff7fff7fff7fff7fff7fff7fff7fff
;;   v8 = vmul_q15_any.i16x8 v1, v3
;;   v6 = vconst.v128 0x80008000800080008000800080008000
;;   v7 = vmul_q15.i16x8 v1, v6
;;   return v8, v7
;; }
;; shifted_by_none:
;; function "function[27]" sym27 wasm(i64, v128) -> v128 {
;; block0(v0: i64, v1: v128):
;;   return v1
;; }
