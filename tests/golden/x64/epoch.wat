;;! target = "x86_64"
;;! show = "asm"
;;! epoch_interruption = "true"
;; The epoch is compared at function entry and loop heads.
(module (func (export "f") (param i32) (result i32)
  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 0)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   push rbx
;;   push r12
;;   push r13
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L4
;;   sub rsp, 0x18
;;   mov rax, qword ptr [r15]
;;   mov rcx, qword ptr [rax + 0x18]
;;   mov rdx, qword ptr [rcx]
;;   cmp rdx, qword ptr [rax + 0x10]
;;   jae L2
;;   nop dword ptr [rax]
;; L0:
;;   mov rdx, qword ptr [rcx]
;;   cmp rdx, qword ptr [rax + 0x10]
;;   jae L3
;; L1:
;;   add edi, -1
;;   jne L0
;;   mov rax, rdi
;;   add rsp, 0x18
;;   pop r13
;;   pop r12
;;   pop rbx
;;   pop rbp
;;   ret
;; L2:
;;   mov rdx, qword ptr [r15 + 8]
;;   mov rsi, r15
;;   mov qword ptr [rbp - 0x30], rcx
;;   mov qword ptr [rbp - 0x28], rdi
;;   mov rdi, rsi
;;   call qword ptr [rdx + 0x50]
;;   mov eax, eax
;;   test eax, eax
;;   je L5
;;   mov rdi, qword ptr [rbp - 0x28]
;;   mov rcx, qword ptr [rbp - 0x30]
;;   mov rax, qword ptr [r15]
;;   jmp L0
;; L3:
;;   mov r13, rcx
;;   mov r12, rax
;;   mov rbx, rdi
;;   mov rax, qword ptr [r15 + 8]
;;   mov rdi, r15
;;   call qword ptr [rax + 0x50]
;;   mov eax, eax
;;   test eax, eax
;;   je L6
;;   mov rdi, rbx
;;   mov rcx, r13
;;   mov rax, r12
;;   jmp L1
;; L4:
;;   ud2                                      ; trap: StackOverflow
;; L5:
;;   ud2                                      ; trap: Interrupt
;; L6:
;;   ud2                                      ; trap: Interrupt
