;;! target = "x86_64"
;;! show = "asm"
;; Integers select by cmov, floats by a short branch.
(module
  (func (export "int") (param i32 i32 i32) (result i32)
    (select (local.get 0) (local.get 1) (i32.lt_s (local.get 2) (i32.const 5))))
  (func (export "max") (param i64 i64) (result i64)
    (select (local.get 0) (local.get 1) (i64.gt_s (local.get 0) (local.get 1))))
  (func (export "double") (param f64 f64 i32) (result f64) (select (local.get 0) (local.get 1) (local.get 2)))
  (func (export "bool") (param i32) (result i32) (select (i32.const 1) (i32.const 0) (local.get 0))))
;; int:
;;   push rbp
;;   mov rbp, rsp
;;   cmp edx, 5
;;   cmovl esi, edi
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; max:
;;   push rbp
;;   mov rbp, rsp
;;   cmp rdi, rsi
;;   cmovg rsi, rdi
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; double:
;;   push rbp
;;   mov rbp, rsp
;;   test edi, edi
;;   je L0
;;   vmovaps xmm1, xmm0
;; L0:
;;   vmovaps xmm0, xmm1
;;   pop rbp
;;   ret
;; bool:
;;   push rbp
;;   mov rbp, rsp
;;   xor eax, eax
;;   test edi, edi
;;   setne al
;;   pop rbp
;;   ret
