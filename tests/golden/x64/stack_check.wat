;;! target = "x86_64"
;;! show = "asm"
;;! functions = "calls leaf large"
;; A function that calls compares the stack with its limit; a leaf of a small frame need not.
(module (import "env" "g" (func $g))
  (func (export "leaf") (param i32) (result i32) (local.get 0))
  (func (export "calls") (call $g) (call $g)))
;; leaf:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, rdi
;;   pop rbp
;;   ret
;; calls:
;;   push rbp
;;   mov rbp, rsp
;;   push r15
;;   push rbx
;;   push r12
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L0
;;   sub rsp, 8
;;   mov rbx, qword ptr [r15 + 0x30]
;;   mov r12, qword ptr [r15 + 0x38]
;;   mov r10, r15
;;   mov r15, r12
;;   call rbx
;;   mov r15, qword ptr [rbp - 8]
;;   mov r10, r15
;;   mov r15, r12
;;   call rbx
;;   mov r15, qword ptr [rbp - 8]
;;   add rsp, 8
;;   pop r12
;;   pop rbx
;;   pop r15
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: StackOverflow
