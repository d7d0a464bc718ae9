;;! target = "x86_64"
;;! show = "asm"
;; Extensions come with the load; a store takes the low part of a register.
(module (memory 1)
  (func (export "copy8") (param i32 i32) (i32.store8 (local.get 0) (i32.load8_u (local.get 1))))
  (func (export "widen") (param i32) (result i64) (i64.extend_i32_u (i32.load (local.get 0))))
  (func (export "signed") (param i32) (result i64) (i64.load16_s (local.get 0)))
  (func (export "masked") (param i32 i32) (i32.store8 (local.get 0) (i32.and (local.get 1) (i32.const 255))))
  (func (export "constant") (param i32) (i64.store (local.get 0) (i64.const -1))))
;; copy8:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   movzx ecx, byte ptr [rsi + rax]          ; trap: MemoryOutOfBounds
;;   mov byte ptr [rax + rdi], cl             ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; widen:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; signed:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   movsx rax, word ptr [rdi + rax]          ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; masked:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov byte ptr [rdi + rax], sil            ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; constant:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov qword ptr [rdi + rax], -1            ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
