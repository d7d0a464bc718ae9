;;! target = "x86_64"
;;! show = "asm"
;;! consume_fuel = "true"
;; Fuel is counted in the store and compared at function entry and loop heads.
(module (func (export "f") (param i32) (result i32)
  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 0)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   push rbx
;;   push r12
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L4
;;   sub rsp, 0x10
;;   mov rax, qword ptr [r15]
;;   cmp qword ptr [rax + 8], 0
;;   jg L2
;;   nop word ptr [rax + rax]
;;   nop word ptr [rax + rax]
;; L0:
;;   cmp qword ptr [rax + 8], 0
;;   jg L3
;; L1:
;;   add edi, -1
;;   mov rcx, qword ptr [rax + 8]
;;   add rcx, 5
;;   mov qword ptr [rax + 8], rcx
;;   test edi, edi
;;   jne L0
;;   add rcx, 1
;;   mov qword ptr [rax + 8], rcx
;;   mov rax, rdi
;;   add rsp, 0x10
;;   pop r12
;;   pop rbx
;;   pop rbp
;;   ret
;; L2:
;;   mov rcx, qword ptr [r15 + 8]
;;   mov rdx, r15
;;   mov qword ptr [rbp - 0x18], rdi
;;   mov rdi, rdx
;;   call qword ptr [rcx + 0x58]
;;   mov eax, eax
;;   test eax, eax
;;   je L5
;;   mov rdi, qword ptr [rbp - 0x18]
;;   mov rax, qword ptr [r15]
;;   jmp L0
;; L3:
;;   mov r12, rax
;;   mov rbx, rdi
;;   mov rax, qword ptr [r15 + 8]
;;   mov rdi, r15
;;   call qword ptr [rax + 0x58]
;;   mov eax, eax
;;   test eax, eax
;;   je L6
;;   mov rdi, rbx
;;   mov rax, r12
;;   jmp L1
;; L4:
;;   ud2                                      ; trap: StackOverflow
;; L5:
;;   ud2                                      ; trap: OutOfFuel
;; L6:
;;   ud2                                      ; trap: OutOfFuel
