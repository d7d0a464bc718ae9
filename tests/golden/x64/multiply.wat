;;! target = "x86_64"
;;! show = "asm"
;; Multiplications by small constants are lea and shifts.
(module
  (func (export "by3") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "by8") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 8)))
  (func (export "by10") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 10)))
  (func (export "by1000") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 1000)))
  (func (export "by_minus_one") (param i32) (result i32) (i32.mul (local.get 0) (i32.const -1))))
;; by3:
;;   push rbp
;;   mov rbp, rsp
;;   lea eax, [rdi + rdi*2]
;;   pop rbp
;;   ret
;; by8:
;;   push rbp
;;   mov rbp, rsp
;;   shl rdi, 3
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; by10:
;;   push rbp
;;   mov rbp, rsp
;;   imul eax, edi, 0xa
;;   pop rbp
;;   ret
;; by1000:
;;   push rbp
;;   mov rbp, rsp
;;   imul eax, edi, 0x3e8
;;   pop rbp
;;   ret
;; by_minus_one:
;;   push rbp
;;   mov rbp, rsp
;;   neg edi
;;   mov rax, rdi
;;   pop rbp
;;   ret
