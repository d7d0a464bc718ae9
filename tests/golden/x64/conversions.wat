;;! target = "x86_64"
;;! show = "asm"
(module
  (func (export "i32_s") (param i32) (result f64) (f64.convert_i32_s (local.get 0)))
  (func (export "i32_u") (param i32) (result f64) (f64.convert_i32_u (local.get 0)))
  (func (export "i64_u") (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
  (func (export "demote") (param f64) (result f32) (f32.demote_f64 (local.get 0)))
  (func (export "reinterpret") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))
;; i32_s:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm0, xmm0, xmm0
;;   vcvtsi2sd xmm0, xmm0, edi
;;   pop rbp
;;   ret
;; i32_u:
;;   push rbp
;;   mov rbp, rsp
;;   vxorps xmm0, xmm0, xmm0
;;   vcvtsi2sd xmm0, xmm0, rdi
;;   pop rbp
;;   ret
;; i64_u:
;;   push rbp
;;   mov rbp, rsp
;;   test rdi, rdi
;;   js L1
;;   vxorps xmm0, xmm0, xmm0
;;   vcvtsi2sd xmm0, xmm0, rdi
;; L0:
;;   pop rbp
;;   ret
;; L1:
;;   mov rax, rdi
;;   shr rax, 1
;;   jae L2
;;   or rax, 1
;; L2:
;;   vxorps xmm0, xmm0, xmm0
;;   vcvtsi2sd xmm0, xmm0, rax
;;   vaddsd xmm0, xmm0, xmm0
;;   jmp L0
;; demote:
;;   push rbp
;;   mov rbp, rsp
;;   vcvtsd2ss xmm0, xmm0, xmm0
;;   pop rbp
;;   ret
;; reinterpret:
;;   push rbp
;;   mov rbp, rsp
;;   vmovq rax, xmm0
;;   pop rbp
;;   ret
