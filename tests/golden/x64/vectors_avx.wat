;;! target = "x86_64"
;;! show = "asm"
;;! cpu = "sse4.1 sse4.2 popcnt avx"
;; Vectors where the CPU has: avx.
(module (memory 1)
  (func (export "splats") (param i32 f32 i64) (result v128 v128 v128 v128 v128)
    (i8x16.splat (local.get 0)) (i16x8.splat (local.get 0)) (i32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (i64x2.splat (local.get 2)))
  (func (export "load_splats") (param i32) (result v128 v128 v128 v128)
    (v128.load8_splat (local.get 0)) (v128.load16_splat (local.get 0)) (v128.load32_splat (local.get 0)) (v128.load64_splat (local.get 0)))
  (func (export "load_extend") (param i32) (result v128 v128) (v128.load8x8_s (local.get 0)) (v128.load32_zero offset=4 (local.get 0)))
  (func (export "lanes") (param i32 v128) (result v128)
    (v128.store8_lane 3 (local.get 0) (local.get 1)) (v128.store32_lane 0 (local.get 0) (local.get 1)) (v128.store64_lane 1 (local.get 0) (local.get 1))
    (v128.load16_lane 5 (local.get 0) (local.get 1)))
  (func (export "extract") (param v128) (result i32 i32 f32 f64 i64)
    (i8x16.extract_lane_s 3 (local.get 0)) (i16x8.extract_lane_u 1 (local.get 0)) (f32x4.extract_lane 0 (local.get 0)) (f64x2.extract_lane 1 (local.get 0)) (i64x2.extract_lane 0 (local.get 0)))
  (func (export "constants") (result v128 v128 v128) (v128.const i64x2 0 0) (v128.const i64x2 -1 -1) (v128.const i64x2 1 2))
  (func (export "add_of_load") (param i32 v128) (result v128) (i32x4.add (v128.load (local.get 0)) (local.get 1)))
  (func (export "andnot") (param v128 v128) (result v128) (v128.andnot (local.get 0) (local.get 1)))
  (func (export "select") (param v128 v128 v128) (result v128) (v128.bitselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "select_compared") (param v128 v128) (result v128) (v128.bitselect (local.get 0) (local.get 1) (i8x16.gt_s (local.get 0) (local.get 1))))
  (func (export "compare") (param v128 v128) (result v128 v128) (i16x8.ge_u (local.get 0) (local.get 1)) (i64x2.le_s (local.get 0) (local.get 1)))
  (func (export "branch") (param v128) (result i32) (if (result i32) (v128.any_true (local.get 0)) (then (i32.const 5)) (else (i32.const 7))))
  (func (export "all_equal") (param v128 v128) (result i32) (i8x16.all_true (i8x16.eq (local.get 0) (local.get 1))))
  (func (export "bitmask") (param v128) (result i32 i32) (i16x8.bitmask (local.get 0)) (i32x4.bitmask (local.get 0)))
  (func (export "shifts") (param v128 i32) (result v128 v128 v128 v128)
    (i16x8.shl (local.get 0) (i32.const 3)) (i8x16.shr_u (local.get 0) (local.get 1)) (i64x2.shr_s (local.get 0) (i32.const 5)) (i8x16.shr_s (local.get 0) (i32.const 2)))
  (func (export "products") (param v128 v128) (result v128 v128) (i64x2.mul (local.get 0) (local.get 1)) (i32x4.extmul_high_i16x8_u (local.get 0) (local.get 1)))
  (func (export "widths") (param v128 v128) (result v128 v128 v128)
    (i16x8.extend_high_i8x16_s (local.get 0)) (i8x16.narrow_i16x8_u (local.get 0) (local.get 1)) (i16x8.extadd_pairwise_i8x16_u (local.get 0)))
  (func (export "min") (param v128 v128) (result v128 v128) (f32x4.min (local.get 0) (local.get 1)) (f64x2.pmax (local.get 0) (local.get 1)))
  (func (export "convert") (param v128) (result v128 v128) (f32x4.convert_i32x4_u (local.get 0)) (i32x4.trunc_sat_f32x4_u (local.get 0)))
  (func (export "relaxed") (param v128 v128 v128) (result v128 v128 v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)) (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
  (func (export "popcnt") (param v128) (result v128) (i8x16.popcnt (local.get 0)))
  (func (export "abs") (param v128) (result v128) (i64x2.abs (local.get 0))))
;; splats:
;;   push rbp
;;   mov rbp, rsp
;;   vmovd xmm1, edi
;;   vxorps xmm2, xmm2, xmm2
;;   vpshufb xmm1, xmm1, xmm2
;;   vmovd xmm2, edi
;;   vpshuflw xmm2, xmm2, 0
;;   vpshufd xmm2, xmm2, 0
;;   vmovd xmm3, edi
;;   vpshufd xmm3, xmm3, 0
;;   vshufps xmm0, xmm0, xmm0, 0
;;   vmovq xmm4, rsi
;;   vmovddup xmm4, xmm4
;;   vmovups xmmword ptr [rbp + 0x10], xmm4
;;   vmovaps xmm15, xmm0
;;   vmovaps xmm0, xmm1
;;   vmovaps xmm1, xmm2
;;   vmovaps xmm2, xmm3
;;   vmovaps xmm3, xmm15
;;   pop rbp
;;   ret
;; load_splats:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   movzx ecx, byte ptr [rdi + rax]          ; trap: MemoryOutOfBounds
;;   vmovd xmm0, ecx
;;   vxorps xmm1, xmm1, xmm1
;;   vpshufb xmm0, xmm0, xmm1
;;   movzx ecx, word ptr [rdi + rax]          ; trap: MemoryOutOfBounds
;;   vmovd xmm1, ecx
;;   vpshuflw xmm1, xmm1, 0
;;   vpshufd xmm1, xmm1, 0
;;   vbroadcastss xmm2, dword ptr [rdi + rax] ; trap: MemoryOutOfBounds
;;   vmovddup xmm3, qword ptr [rdi + rax]     ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; load_extend:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vpmovsxbw xmm0, qword ptr [rdi + rax]    ; trap: MemoryOutOfBounds
;;   vmovss xmm1, dword ptr [rdi + rax + 4]   ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; lanes:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vpextrb byte ptr [rdi + rax], xmm0, 3    ; trap: MemoryOutOfBounds
;;   vmovss dword ptr [rdi + rax], xmm0       ; trap: MemoryOutOfBounds
;;   vmovhps qword ptr [rdi + rax], xmm0      ; trap: MemoryOutOfBounds
;;   vpinsrw xmm0, xmm0, word ptr [rdi + rax], 5 ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; extract:
;;   push rbp
;;   mov rbp, rsp
;;   vpextrb eax, xmm0, 3
;;   movsx eax, al
;;   vpextrw edx, xmm0, 1
;;   vmovaps xmm1, xmm0
;;   vunpckhpd xmm2, xmm0, xmm0
;;   vmovq rcx, xmm0
;;   vmovaps xmm0, xmm1
;;   vmovaps xmm1, xmm2
;;   pop rbp
;;   ret
;; constants:
;;   push rbp
;;   mov rbp, rsp
;;   vpcmpeqd xmm1, xmm1, xmm1
;;   vmovups xmm2, xmmword ptr [const 0x2:0x1]
;;   vxorps xmm0, xmm0, xmm0
;;   pop rbp
;;   ret
;; add_of_load:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vpaddd xmm0, xmm0, xmmword ptr [rdi + rax] ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; andnot:
;;   push rbp
;;   mov rbp, rsp
;;   vpandn xmm0, xmm1, xmm0
;;   pop rbp
;;   ret
;; select:
;;   push rbp
;;   mov rbp, rsp
;;   vpxor xmm0, xmm0, xmm1
;;   vpand xmm0, xmm0, xmm2
;;   vpxor xmm0, xmm0, xmm1
;;   pop rbp
;;   ret
;; select_compared:
;;   push rbp
;;   mov rbp, rsp
;;   vpcmpgtb xmm2, xmm0, xmm1
;;   vpblendvb xmm0, xmm1, xmm0, xmm2
;;   pop rbp
;;   ret
;; compare:
;;   push rbp
;;   mov rbp, rsp
;;   vpmaxuw xmm2, xmm0, xmm1
;;   vpcmpeqw xmm2, xmm2, xmm0
;;   vpcmpgtq xmm0, xmm0, xmm1
;;   vpxor xmm1, xmm0, xmmword ptr [const 0xffffffffffffffff:0xffffffffffffffff]
;;   vmovaps xmm0, xmm2
;;   pop rbp
;;   ret
;; branch:
;;   push rbp
;;   mov rbp, rsp
;;   vptest xmm0, xmm0
;;   je L0
;;   mov eax, 5
;;   jmp L1
;; L0:
;;   mov eax, 7
;; L1:
;;   pop rbp
;;   ret
;; all_equal:
;;   push rbp
;;   mov rbp, rsp
;;   vpcmpeqb xmm0, xmm0, xmm1
;;   xor eax, eax
;;   vptest xmm0, xmmword ptr [const 0xffffffffffffffff:0xffffffffffffffff]
;;   setb al
;;   pop rbp
;;   ret
;; bitmask:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm1, xmm1, xmm1
;;   vpacksswb xmm1, xmm0, xmm1
;;   vpmovmskb eax, xmm1
;;   vmovmskps edx, xmm0
;;   pop rbp
;;   ret
;; shifts:
;;   push rbp
;;   mov rbp, rsp
;;   vpsllw xmm1, xmm0, 3
;;   and edi, 7
;;   vmovd xmm2, edi
;;   vpsrlw xmm3, xmm0, xmm2
;;   vmovups xmm4, xmmword ptr [const 0xff00ff00ff00ff:0xff00ff00ff00ff]
;;   vpsrlw xmm2, xmm4, xmm2
;;   vxorps xmm4, xmm4, xmm4
;;   vpshufb xmm2, xmm2, xmm4
;;   vpand xmm2, xmm3, xmm2
;;   vpsrlq xmm3, xmm0, 5
;;   vpxor xmm3, xmm3, xmmword ptr [const 0x400000000000000:0x400000000000000]
;;   vpsubq xmm3, xmm3, xmmword ptr [const 0x400000000000000:0x400000000000000]
;;   vpunpcklbw xmm4, xmm0, xmm0
;;   vpunpckhbw xmm0, xmm0, xmm0
;;   vpsraw xmm4, xmm4, 0xa
;;   vpsraw xmm0, xmm0, 0xa
;;   vpacksswb xmm0, xmm4, xmm0
;;   vmovaps xmm15, xmm0
;;   vmovaps xmm0, xmm1
;;   vmovaps xmm1, xmm2
;;   vmovaps xmm2, xmm3
;;   vmovaps xmm3, xmm15
;;   pop rbp
;;   ret
;; products:
;;   push rbp
;;   mov rbp, rsp
;;   vpsrlq xmm2, xmm0, 0x20
;;   vpmuludq xmm2, xmm2, xmm1
;;   vpsrlq xmm3, xmm1, 0x20
;;   vpmuludq xmm3, xmm3, xmm0
;;   vpaddq xmm2, xmm2, xmm3
;;   vpsllq xmm2, xmm2, 0x20
;;   vpmuludq xmm3, xmm0, xmm1
;;   vpaddq xmm2, xmm3, xmm2
;;   vpmullw xmm3, xmm0, xmm1
;;   vpmulhuw xmm0, xmm0, xmm1
;;   vpunpckhwd xmm1, xmm3, xmm0
;;   vmovaps xmm0, xmm2
;;   pop rbp
;;   ret
;; widths:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufd xmm2, xmm0, 0xee
;;   vpmovsxbw xmm2, xmm2
;;   vpackuswb xmm1, xmm0, xmm1
;;   vpmaddubsw xmm0, xmm0, xmmword ptr [const 0x101010101010101:0x101010101010101]
;;   vmovaps xmm15, xmm0
;;   vmovaps xmm0, xmm2
;;   vmovaps xmm2, xmm15
;;   pop rbp
;;   ret
;; min:
;;   push rbp
;;   mov rbp, rsp
;;   vminps xmm2, xmm0, xmm1
;;   vminps xmm3, xmm1, xmm0
;;   vpor xmm2, xmm2, xmm3
;;   vcmpunordps xmm3, xmm3, xmm2
;;   vpor xmm2, xmm2, xmm3
;;   vpsrld xmm3, xmm3, 0xa
;;   vpandn xmm2, xmm3, xmm2
;;   vmaxpd xmm1, xmm1, xmm0
;;   vmovaps xmm0, xmm2
;;   pop rbp
;;   ret
;; convert:
;;   push rbp
;;   mov rbp, rsp
;;   vpblendw xmm1, xmm0, xmmword ptr [const 0x4b0000004b000000:0x4b0000004b000000], 0xaa
;;   vpsrld xmm2, xmm0, 0x10
;;   vpblendw xmm2, xmm2, xmmword ptr [const 0x5300000053000000:0x5300000053000000], 0xaa
;;   vsubps xmm2, xmm2, xmmword ptr [const 0x5300008053000080:0x5300008053000080]
;;   vaddps xmm1, xmm2, xmm1
;;   vxorps xmm2, xmm2, xmm2
;;   vmaxps xmm0, xmm0, xmm2
;;   vcvttps2dq xmm3, xmm0
;;   vsubps xmm0, xmm0, xmmword ptr [const 0x4f0000004f000000:0x4f0000004f000000]
;;   vmovups xmm4, xmmword ptr [const 0x4f0000004f000000:0x4f0000004f000000]
;;   vcmpleps xmm4, xmm4, xmm0
;;   vcvttps2dq xmm0, xmm0
;;   vpxor xmm0, xmm0, xmm4
;;   vpmaxsd xmm0, xmm0, xmm2
;;   vpaddd xmm0, xmm3, xmm0
;;   vmovaps xmm15, xmm0
;;   vmovaps xmm0, xmm1
;;   vmovaps xmm1, xmm15
;;   pop rbp
;;   ret
;; relaxed:
;;   push rbp
;;   mov rbp, rsp
;;   vmulps xmm3, xmm0, xmm1
;;   vaddps xmm3, xmm3, xmm2
;;   vpblendvb xmm2, xmm1, xmm0, xmm2
;;   vpshufb xmm0, xmm0, xmm1
;;   vmovaps xmm1, xmm2
;;   vmovaps xmm2, xmm0
;;   vmovaps xmm0, xmm3
;;   pop rbp
;;   ret
;; popcnt:
;;   push rbp
;;   mov rbp, rsp
;;   vmovups xmm1, xmmword ptr [const 0x403030203020201:0x302020102010100]
;;   vpand xmm2, xmm0, xmmword ptr [const 0xf0f0f0f0f0f0f0f:0xf0f0f0f0f0f0f0f]
;;   vpsrlw xmm0, xmm0, 4
;;   vpand xmm0, xmm0, xmmword ptr [const 0xf0f0f0f0f0f0f0f:0xf0f0f0f0f0f0f0f]
;;   vpshufb xmm2, xmm1, xmm2
;;   vpshufb xmm0, xmm1, xmm0
;;   vpaddb xmm0, xmm2, xmm0
;;   pop rbp
;;   ret
;; abs:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm1, xmm1, xmm1
;;   vpcmpgtq xmm1, xmm1, xmm0
;;   vpxor xmm0, xmm0, xmm1
;;   vpsubq xmm0, xmm0, xmm1
;;   pop rbp
;;   ret
