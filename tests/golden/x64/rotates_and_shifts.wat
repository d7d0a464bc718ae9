;;! target = "x86_64"
;;! show = "asm"
;; Constant amounts are immediates; variable shifts use BMI2, which needs no rcx and no flags.
(module
  (func (export "rotl") (param i32) (result i32) (i32.rotl (local.get 0) (i32.const 7)))
  (func (export "rotr_var") (param i64 i64) (result i64) (i64.rotr (local.get 0) (local.get 1)))
  (func (export "shl_var") (param i32 i32) (result i32) (i32.shl (local.get 0) (local.get 1)))
  (func (export "shl_masked") (param i32 i32) (result i32)
    (i32.shl (local.get 0) (i32.and (local.get 1) (i32.const 31))))
  (func (export "rotate_idiom") (param i32) (result i32)
    (i32.or (i32.shl (local.get 0) (i32.const 5)) (i32.shr_u (local.get 0) (i32.const 27)))))
;; rotl:
;;   push rbp
;;   mov rbp, rsp
;;   rol edi, 7
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; rotr_var:
;;   push rbp
;;   mov rbp, rsp
;;   mov rcx, rsi
;;   ror rdi, cl
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; shl_var:
;;   push rbp
;;   mov rbp, rsp
;;   shlx eax, edi, esi
;;   pop rbp
;;   ret
;; shl_masked:
;;   push rbp
;;   mov rbp, rsp
;;   shlx eax, edi, esi
;;   pop rbp
;;   ret
;; rotate_idiom:
;;   push rbp
;;   mov rbp, rsp
;;   rol edi, 5
;;   mov rax, rdi
;;   pop rbp
;;   ret
