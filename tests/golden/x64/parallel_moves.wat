;;! target = "x86_64"
;;! show = "asm"
;; Arguments that change places: a cycle is broken by one exchange or one free register.
(module (import "env" "g" (func $g (param i32 i32 i32)))
  (func (export "rotate") (param i32 i32 i32) (call $g (local.get 1) (local.get 2) (local.get 0))))
;; rotate:
;;   push rbp
;;   mov rbp, rsp
;;   push r15
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L0
;;   sub rsp, 8
;;   mov rax, qword ptr [r15 + 0x38]
;;   xchg rdi, rdx
;;   xchg rsi, rdi
;;   mov r10, r15
;;   mov r15, rax
;;   call qword ptr [r10 + 0x30]
;;   mov r15, qword ptr [rbp - 8]
;;   add rsp, 8
;;   pop r15
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: StackOverflow
