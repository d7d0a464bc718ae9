;;! target = "x86_64"
;;! show = "asm"
;; A short copy or fill of constant length is loads and stores; all loads come first.
(module (memory 1)
  (func (export "copy16") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 16)))
  (func (export "fill8") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 8)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))
;; copy16:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vmovups xmm0, xmmword ptr [rsi + rax]    ; trap: MemoryOutOfBounds
;;   vmovups xmmword ptr [rax + rdi], xmm0    ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; fill8:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov qword ptr [rdi + rax], 0             ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; copy:
;;   push rbp
;;   mov rbp, rsp
;;   mov r11, qword ptr [r15]
;;   cmp rsp, qword ptr [r11]
;;   jb L0
;;   mov rax, qword ptr [r15 + 8]
;;   mov rcx, r15
;;   xor r8d, r8d
;;   xor r9d, r9d
;;   xchg r9, rcx
;;   xchg rdx, r9
;;   xchg rdi, rdx
;;   xchg r8, rsi
;;   call qword ptr [rax + 0x10]
;;   mov eax, eax
;;   test eax, eax
;;   je L1
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: StackOverflow
;; L1:
;;   ud2                                      ; trap: MemoryOutOfBounds
