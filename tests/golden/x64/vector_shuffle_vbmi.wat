;;! target = "x86_64"
;;! show = "asm"
;;! cpu = "sse4.1 sse4.2 popcnt avx lzcnt bmi1 bmi2 avx2 fma avx512 avx512vbmi"
;; Any shuffle of two vectors is one instruction.
(module
  (func (export "any") (param v128 v128) (result v128) (i8x16.shuffle 3 30 1 18 2 16 17 5 9 0 0 31 13 12 2 4 (local.get 0) (local.get 1))))
;; any:
;;   push rbp
;;   mov rbp, rsp
;;   vmovups xmm2, xmmword ptr [const 0x4020c0d1f000009:0x511100212011e03]
;;   vpermi2b xmm2, xmm0, xmm1
;;   vmovaps xmm0, xmm2
;;   pop rbp
;;   ret
