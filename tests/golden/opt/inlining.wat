;;! target = "x86_64"
;;! show = "asm"
;; A small callee comes into its caller.
(module
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "f") (param i32) (result i32) (call $add (local.get 0) (i32.const 3))))
;; add:
;;   push rbp
;;   mov rbp, rsp
;;   add edi, esi
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   add edi, 3
;;   mov rax, rdi
;;   pop rbp
;;   ret
