;;! target = "x86_64"
;;! show = "asm"
;;! cpu = "sse4.1 sse4.2 popcnt avx lzcnt bmi1 bmi2 avx2 fma"
;; Each shuffle by the cheapest instruction.
(module (memory 1)
  (func (export "dwords") (param v128) (result v128) (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get 0) (local.get 0)))
  (func (export "low_words") (param v128) (result v128) (i8x16.shuffle 6 7 4 5 2 3 0 1 8 9 10 11 12 13 14 15 (local.get 0) (local.get 0)))
  (func (export "high_words") (param v128) (result v128) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 8 9 8 9 8 9 (local.get 0) (local.get 0)))
  (func (export "first_byte") (param v128) (result v128) (i8x16.shuffle 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 (local.get 0) (local.get 0)))
  (func (export "rotate") (param v128) (result v128) (i8x16.shuffle 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 (local.get 0) (local.get 0)))
  (func (export "reverse") (param v128) (result v128) (i8x16.shuffle 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 (local.get 0) (local.get 0)))
  (func (export "interleave_low") (param v128 v128) (result v128) (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func (export "interleave_high_swapped") (param v128 v128) (result v128) (i8x16.shuffle 24 25 26 27 8 9 10 11 28 29 30 31 12 13 14 15 (local.get 0) (local.get 1)))
  (func (export "in_a_row") (param v128 v128) (result v128) (i8x16.shuffle 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 (local.get 0) (local.get 1)))
  (func (export "blend_words") (param v128 v128) (result v128) (i8x16.shuffle 0 1 18 19 4 5 22 23 8 9 10 11 12 13 30 31 (local.get 0) (local.get 1)))
  (func (export "blend_bytes") (param v128 v128) (result v128) (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31 (local.get 0) (local.get 1)))
  (func (export "two_and_two") (param v128 v128) (result v128) (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get 0) (local.get 1)))
  (func (export "one_lane") (param v128 v128) (result v128) (i8x16.shuffle 0 1 2 3 24 25 26 27 8 9 10 11 12 13 14 15 (local.get 0) (local.get 1)))
  (func (export "moved_and_blended") (param v128 v128) (result v128) (i8x16.shuffle 0 1 2 3 24 25 26 27 20 21 22 23 12 13 14 15 (local.get 0) (local.get 1)))
  (func (export "any") (param v128 v128) (result v128) (i8x16.shuffle 3 30 1 18 2 16 17 5 9 0 0 31 13 12 2 4 (local.get 0) (local.get 1)))
  (func (export "shift_in_zeros") (param v128) (result v128) (i8x16.shuffle 5 6 7 8 9 10 11 12 13 14 15 16 16 16 16 16 (local.get 0) (v128.const i64x2 0 0)))
  (func (export "widen") (param v128) (result v128) (i8x16.shuffle 0 16 1 16 2 16 3 16 4 16 5 16 6 16 7 16 (local.get 0) (v128.const i64x2 0 0)))
  (func (export "from_memory") (param i32) (result v128)
    (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (v128.load (local.get 0)) (v128.const i64x2 0 0))))
;; dwords:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufd xmm0, xmm0, 0xb1
;;   pop rbp
;;   ret
;; low_words:
;;   push rbp
;;   mov rbp, rsp
;;   vpshuflw xmm0, xmm0, 0x1b
;;   pop rbp
;;   ret
;; high_words:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufhw xmm0, xmm0, 0
;;   pop rbp
;;   ret
;; first_byte:
;;   push rbp
;;   mov rbp, rsp
;;   vpbroadcastb xmm0, xmm0
;;   pop rbp
;;   ret
;; rotate:
;;   push rbp
;;   mov rbp, rsp
;;   vpalignr xmm0, xmm0, xmm0, 3
;;   pop rbp
;;   ret
;; reverse:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufb xmm0, xmm0, xmmword ptr [const 0x1020304050607:0x8090a0b0c0d0e0f]
;;   pop rbp
;;   ret
;; interleave_low:
;;   push rbp
;;   mov rbp, rsp
;;   vpunpcklbw xmm0, xmm0, xmm1
;;   pop rbp
;;   ret
;; interleave_high_swapped:
;;   push rbp
;;   mov rbp, rsp
;;   vpunpckhdq xmm0, xmm1, xmm0
;;   pop rbp
;;   ret
;; in_a_row:
;;   push rbp
;;   mov rbp, rsp
;;   vpalignr xmm0, xmm1, xmm0, 5
;;   pop rbp
;;   ret
;; blend_words:
;;   push rbp
;;   mov rbp, rsp
;;   vpblendw xmm0, xmm0, xmm1, 0x8a
;;   pop rbp
;;   ret
;; blend_bytes:
;;   push rbp
;;   mov rbp, rsp
;;   vmovups xmm2, xmmword ptr [const 0xff00ff00ff00ff00:0xff00ff00ff00ff00]
;;   vpblendvb xmm0, xmm0, xmm1, xmm2
;;   pop rbp
;;   ret
;; two_and_two:
;;   push rbp
;;   mov rbp, rsp
;;   vshufps xmm0, xmm0, xmm1, 0x88
;;   pop rbp
;;   ret
;; one_lane:
;;   push rbp
;;   mov rbp, rsp
;;   vinsertps xmm0, xmm0, xmm1, 0x90
;;   pop rbp
;;   ret
;; moved_and_blended:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufd xmm1, xmm1, 0xd8
;;   vpblendw xmm0, xmm0, xmm1, 0x3c
;;   pop rbp
;;   ret
;; any:
;;   push rbp
;;   mov rbp, rsp
;;   vpshufb xmm0, xmm0, xmmword ptr [const 0x4020c0d80000009:0x580800280018003]
;;   vpshufb xmm1, xmm1, xmmword ptr [const 0x808080800f808080:0x8001008002800e80]
;;   vpor xmm0, xmm0, xmm1
;;   pop rbp
;;   ret
;; shift_in_zeros:
;;   push rbp
;;   mov rbp, rsp
;;   vpsrldq xmm0, xmm0, 5
;;   pop rbp
;;   ret
;; widen:
;;   push rbp
;;   mov rbp, rsp
;;   vpmovzxbw xmm0, xmm0
;;   pop rbp
;;   ret
;; from_memory:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vmovups xmm0, xmmword ptr [rdi + rax]    ; trap: MemoryOutOfBounds
;;   vpshufd xmm0, xmm0, 0xb1
;;   pop rbp
;;   ret
