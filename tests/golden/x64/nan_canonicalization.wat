;;! target = "x86_64"
;;! show = "asm"
;;! nan_canonicalization = "true"
;; A result that may be a NaN is compared with itself.
(module (func (export "f") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   vaddsd xmm0, xmm0, xmm1
;;   vmovsd xmm1, qword ptr [const 0x7ff8000000000000]
;;   vucomisd xmm0, xmm0
;;   je L0
;;   vmovaps xmm0, xmm1
;; L0:
;;   jnp L1
;;   vmovaps xmm0, xmm1
;; L1:
;;   pop rbp
;;   ret
