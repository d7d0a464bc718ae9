;;! target = "x86_64"
;;! show = "asm"
;; A variable divisor is checked for zero, and signed division for the overflow; the remainder of -1 is 0.
(module
  (func (export "div_s") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "div_u") (param i64 i64) (result i64) (i64.div_u (local.get 0) (local.get 1)))
  (func (export "rem_s") (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1))))
;; div_s:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   test esi, esi
;;   je L2
;;   cmp esi, -1
;;   je L1
;;   cdq
;;   idiv esi
;; L0:
;;   pop rbp
;;   ret
;; L1:
;;   neg eax
;;   jo L3
;;   jmp L0
;; L2:
;;   ud2                                      ; trap: IntegerDivisionByZero
;; L3:
;;   ud2                                      ; trap: IntegerOverflow
;; div_u:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   test rsi, rsi
;;   je L0
;;   xor edx, edx
;;   div rsi
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: IntegerDivisionByZero
;; rem_s:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   test esi, esi
;;   je L2
;;   cmp esi, -1
;;   je L1
;;   cdq
;;   idiv esi
;; L0:
;;   mov rax, rdx
;;   pop rbp
;;   ret
;; L1:
;;   xor edx, edx
;;   jmp L0
;; L2:
;;   ud2                                      ; trap: IntegerDivisionByZero
