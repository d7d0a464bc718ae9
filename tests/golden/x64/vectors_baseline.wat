;;! target = "x86_64"
;;! show = "asm"
;;! cpu = "sse4.1 sse4.2 popcnt"
;; Vectors where the CPU has: baseline.
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
;;   movd xmm1, edi
;;   xorps xmm2, xmm2
;;   pshufb xmm1, xmm2
;;   movd xmm2, edi
;;   pshuflw xmm2, xmm2, 0
;;   pshufd xmm2, xmm2, 0
;;   movd xmm3, edi
;;   pshufd xmm3, xmm3, 0
;;   shufps xmm0, xmm0, 0
;;   movq xmm4, rsi
;;   movddup xmm4, xmm4
;;   movups xmmword ptr [rbp + 0x10], xmm4
;;   movaps xmm15, xmm0
;;   movaps xmm0, xmm1
;;   movaps xmm1, xmm2
;;   movaps xmm2, xmm3
;;   movaps xmm3, xmm15
;;   pop rbp
;;   ret
;; load_splats:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   movzx ecx, byte ptr [rdi + rax]          ; trap: MemoryOutOfBounds
;;   movd xmm0, ecx
;;   xorps xmm1, xmm1
;;   pshufb xmm0, xmm1
;;   movzx ecx, word ptr [rdi + rax]          ; trap: MemoryOutOfBounds
;;   movd xmm1, ecx
;;   pshuflw xmm1, xmm1, 0
;;   pshufd xmm1, xmm1, 0
;;   mov ecx, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   movd xmm2, ecx
;;   pshufd xmm2, xmm2, 0
;;   movddup xmm3, qword ptr [rdi + rax]      ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; load_extend:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   pmovsxbw xmm0, qword ptr [rdi + rax]     ; trap: MemoryOutOfBounds
;;   movss xmm1, dword ptr [rdi + rax + 4]    ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; lanes:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   pextrb byte ptr [rdi + rax], xmm0, 3     ; trap: MemoryOutOfBounds
;;   movss dword ptr [rdi + rax], xmm0        ; trap: MemoryOutOfBounds
;;   movhps qword ptr [rdi + rax], xmm0       ; trap: MemoryOutOfBounds
;;   pinsrw xmm0, word ptr [rdi + rax], 5     ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; extract:
;;   push rbp
;;   mov rbp, rsp
;;   pextrb eax, xmm0, 3
;;   movsx eax, al
;;   pextrw edx, xmm0, 1
;;   movaps xmm1, xmm0
;;   movaps xmm2, xmm0
;;   unpckhpd xmm2, xmm2
;;   movq rcx, xmm0
;;   movaps xmm0, xmm1
;;   movaps xmm1, xmm2
;;   pop rbp
;;   ret
;; constants:
;;   push rbp
;;   mov rbp, rsp
;;   pcmpeqd xmm1, xmm1
;;   movups xmm2, xmmword ptr [const 0x2:0x1]
;;   xorps xmm0, xmm0
;;   pop rbp
;;   ret
;; add_of_load:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   movups xmm1, xmmword ptr [rdi + rax]     ; trap: MemoryOutOfBounds
;;   paddd xmm1, xmm0
;;   movaps xmm0, xmm1
;;   pop rbp
;;   ret
;; andnot:
;;   push rbp
;;   mov rbp, rsp
;;   pandn xmm1, xmm0
;;   movaps xmm0, xmm1
;;   pop rbp
;;   ret
;; select:
;;   push rbp
;;   mov rbp, rsp
;;   pxor xmm0, xmm1
;;   pand xmm0, xmm2
;;   pxor xmm0, xmm1
;;   pop rbp
;;   ret
;; select_compared:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm2, xmm0
;;   pcmpgtb xmm2, xmm1
;;   pxor xmm0, xmm1
;;   pand xmm0, xmm2
;;   pxor xmm0, xmm1
;;   pop rbp
;;   ret
;; compare:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm2, xmm0
;;   pmaxuw xmm2, xmm1
;;   pcmpeqw xmm2, xmm0
;;   pcmpgtq xmm0, xmm1
;;   pxor xmm0, xmmword ptr [const 0xffffffffffffffff:0xffffffffffffffff]
;;   movaps xmm1, xmm0
;;   movaps xmm0, xmm2
;;   pop rbp
;;   ret
;; branch:
;;   push rbp
;;   mov rbp, rsp
;;   ptest xmm0, xmm0
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
;;   pcmpeqb xmm0, xmm1
;;   xor eax, eax
;;   ptest xmm0, xmmword ptr [const 0xffffffffffffffff:0xffffffffffffffff]
;;   setb al
;;   pop rbp
;;   ret
;; bitmask:
;;   push rbp
;;   mov rbp, rsp
;;   xorps xmm1, xmm1
;;   movaps xmm2, xmm0
;;   packsswb xmm2, xmm1
;;   pmovmskb eax, xmm2
;;   movmskps edx, xmm0
;;   pop rbp
;;   ret
;; shifts:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm1, xmm0
;;   psllw xmm1, 3
;;   and edi, 7
;;   movd xmm2, edi
;;   movaps xmm3, xmm0
;;   psrlw xmm3, xmm2
;;   movups xmm4, xmmword ptr [const 0xff00ff00ff00ff:0xff00ff00ff00ff]
;;   psrlw xmm4, xmm2
;;   xorps xmm2, xmm2
;;   pshufb xmm4, xmm2
;;   pand xmm3, xmm4
;;   movaps xmm2, xmm0
;;   psrlq xmm2, 5
;;   pxor xmm2, xmmword ptr [const 0x400000000000000:0x400000000000000]
;;   psubq xmm2, xmmword ptr [const 0x400000000000000:0x400000000000000]
;;   movaps xmm4, xmm0
;;   punpcklbw xmm4, xmm4
;;   punpckhbw xmm0, xmm0
;;   psraw xmm4, 0xa
;;   psraw xmm0, 0xa
;;   packsswb xmm4, xmm0
;;   movaps xmm0, xmm1
;;   movaps xmm1, xmm3
;;   movaps xmm3, xmm4
;;   pop rbp
;;   ret
;; products:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm2, xmm0
;;   psrlq xmm2, 0x20
;;   pmuludq xmm2, xmm1
;;   movaps xmm3, xmm1
;;   psrlq xmm3, 0x20
;;   pmuludq xmm3, xmm0
;;   paddq xmm2, xmm3
;;   psllq xmm2, 0x20
;;   movaps xmm3, xmm0
;;   pmuludq xmm3, xmm1
;;   paddq xmm3, xmm2
;;   movaps xmm2, xmm0
;;   pmullw xmm2, xmm1
;;   pmulhuw xmm0, xmm1
;;   punpckhwd xmm2, xmm0
;;   movaps xmm1, xmm2
;;   movaps xmm0, xmm3
;;   pop rbp
;;   ret
;; widths:
;;   push rbp
;;   mov rbp, rsp
;;   pshufd xmm2, xmm0, 0xee
;;   pmovsxbw xmm2, xmm2
;;   movaps xmm3, xmm0
;;   packuswb xmm3, xmm1
;;   pmaddubsw xmm0, xmmword ptr [const 0x101010101010101:0x101010101010101]
;;   movaps xmm1, xmm3
;;   movaps xmm15, xmm0
;;   movaps xmm0, xmm2
;;   movaps xmm2, xmm15
;;   pop rbp
;;   ret
;; min:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm2, xmm0
;;   minps xmm2, xmm1
;;   movaps xmm3, xmm1
;;   minps xmm3, xmm0
;;   por xmm2, xmm3
;;   cmpunordps xmm3, xmm2
;;   por xmm2, xmm3
;;   psrld xmm3, 0xa
;;   pandn xmm3, xmm2
;;   maxpd xmm1, xmm0
;;   movaps xmm0, xmm3
;;   pop rbp
;;   ret
;; convert:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm1, xmm0
;;   pblendw xmm1, xmmword ptr [const 0x4b0000004b000000:0x4b0000004b000000], 0xaa
;;   movaps xmm2, xmm0
;;   psrld xmm2, 0x10
;;   pblendw xmm2, xmmword ptr [const 0x5300000053000000:0x5300000053000000], 0xaa
;;   subps xmm2, xmmword ptr [const 0x5300008053000080:0x5300008053000080]
;;   addps xmm2, xmm1
;;   xorps xmm1, xmm1
;;   maxps xmm0, xmm1
;;   cvttps2dq xmm3, xmm0
;;   subps xmm0, xmmword ptr [const 0x4f0000004f000000:0x4f0000004f000000]
;;   movups xmm4, xmmword ptr [const 0x4f0000004f000000:0x4f0000004f000000]
;;   cmpleps xmm4, xmm0
;;   cvttps2dq xmm0, xmm0
;;   pxor xmm0, xmm4
;;   pmaxsd xmm0, xmm1
;;   paddd xmm3, xmm0
;;   movaps xmm1, xmm3
;;   movaps xmm0, xmm2
;;   pop rbp
;;   ret
;; relaxed:
;;   push rbp
;;   mov rbp, rsp
;;   movaps xmm3, xmm0
;;   mulps xmm3, xmm1
;;   addps xmm3, xmm2
;;   movaps xmm4, xmm0
;;   pxor xmm4, xmm1
;;   pand xmm4, xmm2
;;   pxor xmm4, xmm1
;;   pshufb xmm0, xmm1
;;   movaps xmm2, xmm0
;;   movaps xmm0, xmm3
;;   movaps xmm1, xmm4
;;   pop rbp
;;   ret
;; popcnt:
;;   push rbp
;;   mov rbp, rsp
;;   movups xmm1, xmmword ptr [const 0x403030203020201:0x302020102010100]
;;   movaps xmm2, xmm0
;;   pand xmm2, xmmword ptr [const 0xf0f0f0f0f0f0f0f:0xf0f0f0f0f0f0f0f]
;;   psrlw xmm0, 4
;;   pand xmm0, xmmword ptr [const 0xf0f0f0f0f0f0f0f:0xf0f0f0f0f0f0f0f]
;;   movaps xmm3, xmm1
;;   pshufb xmm3, xmm2
;;   pshufb xmm1, xmm0
;;   paddb xmm3, xmm1
;;   movaps xmm0, xmm3
;;   pop rbp
;;   ret
;; abs:
;;   push rbp
;;   mov rbp, rsp
;;   xorps xmm1, xmm1
;;   pcmpgtq xmm1, xmm0
;;   pxor xmm0, xmm1
;;   psubq xmm0, xmm1
;;   pop rbp
;;   ret
