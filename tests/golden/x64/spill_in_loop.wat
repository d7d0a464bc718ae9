;;! target = "x86_64"
;;! show = "asm"
;; What a loop does not use is spilled around it, not in it.
(module (import "env" "g" (func $g (param i32)))
  (func (export "f") (param f64 i32) (result f64)
    (loop (call $g (local.get 1)) (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (f64.mul (local.get 0) (local.get 0))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   push r15
;;   push rbx
;;   push r12
;;   push r13
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L1
;;   sub rsp, 0x10
;;   vmovsd qword ptr [rbp - 0x28], xmm0
;;   mov rbx, rdi
;;   mov r12, qword ptr [r15 + 0x30]
;;   mov r13, qword ptr [r15 + 0x38]
;;   nop word ptr [rax + rax]
;; L0:
;;   mov rdi, rbx
;;   mov r10, r15
;;   mov r15, r13
;;   call r12
;;   mov r15, qword ptr [rbp - 8]
;;   add ebx, -1
;;   jne L0
;;   vmovsd xmm0, qword ptr [rbp - 0x28]
;;   vmulsd xmm0, xmm0, xmm0
;;   add rsp, 0x10
;;   pop r13
;;   pop r12
;;   pop rbx
;;   pop r15
;;   pop rbp
;;   ret
;; L1:
;;   ud2                                      ; trap: StackOverflow
