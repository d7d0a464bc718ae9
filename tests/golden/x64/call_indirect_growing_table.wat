;;! target = "x86_64"
;;! show = "asm"
;;! functions = "f"
;; A table that may grow: its length and place are loaded.
(module (type $t (func (result i32))) (table (export "t") 10 funcref)
  (func (export "f") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   push r15
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L0
;;   sub rsp, 8
;;   mov rax, qword ptr [r15 + 0x30]
;;   cmp rax, rdi
;;   jbe L1
;;   xor ecx, ecx
;;   cmp rax, rdi
;;   cmovbe rdi, rcx
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov rax, qword ptr [rax + rdi*8]         ; trap: TableOutOfBounds
;;   mov ecx, dword ptr [rax + 0x18]          ; trap: IndirectCallToNull
;;   mov rdx, qword ptr [r15 + 0x18]
;;   cmp ecx, dword ptr [rdx]
;;   jne L2
;;   mov rcx, qword ptr [rax + 8]             ; trap: IndirectCallToNull
;;   mov r10, r15
;;   mov r15, rcx
;;   call qword ptr [rax]                     ; trap: IndirectCallToNull
;;   mov r15, qword ptr [rbp - 8]
;;   add rsp, 8
;;   pop r15
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: StackOverflow
;; L1:
;;   ud2                                      ; trap: TableOutOfBounds
;; L2:
;;   ud2                                      ; trap: BadSignature
