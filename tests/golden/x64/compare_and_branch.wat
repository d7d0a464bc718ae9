;;! target = "x86_64"
;;! show = "asm"
;; A comparison that only a branch uses becomes its flags.
(module
  (func (export "f") (param i32 i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (local.get 1)) (then (i32.const 7)) (else (local.get 1))))
  (func (export "eqz") (param i64) (result i32)
    (block (br_if 0 (i64.eqz (local.get 0))) (return (i32.const 1))) (i32.const 2))
  (func (export "bit") (param i32) (result i32)
    (block (br_if 0 (i32.and (local.get 0) (i32.const 8))) (return (i32.const 1))) (i32.const 2)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   cmp edi, esi
;;   jae L0
;;   mov esi, 7
;; L0:
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; eqz:
;;   push rbp
;;   mov rbp, rsp
;;   test rdi, rdi
;;   je L0
;;   mov eax, 1
;;   pop rbp
;;   ret
;; L0:
;;   mov eax, 2
;;   pop rbp
;;   ret
;; bit:
;;   push rbp
;;   mov rbp, rsp
;;   test dil, 8
;;   jne L0
;;   mov eax, 1
;;   pop rbp
;;   ret
;; L0:
;;   mov eax, 2
;;   pop rbp
;;   ret
