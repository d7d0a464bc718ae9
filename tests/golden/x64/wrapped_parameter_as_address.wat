;;! target = "x86_64"
;;! show = "asm"
;; The upper half of a register that holds an i32 may be anything: an address is zero-extended before its use.
(module (memory 1)
  (func (export "wrapped") (param i64) (result i32) (i32.load (i32.wrap_i64 (local.get 0))))
  (func (export "loaded") (param i32) (result i32) (i32.load (i32.load (local.get 0))))
  (func (export "narrowed") (param i64) (result i32)
    (i32.load (i32.wrap_i64 (i64.shr_s (local.get 0) (i64.const 3))))))
;; wrapped:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, edi
;;   mov rcx, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rax + rcx]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; loaded:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov ecx, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   mov eax, dword ptr [rax + rcx]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; narrowed:
;;   push rbp
;;   mov rbp, rsp
;;   sar rdi, 3
;;   mov eax, edi
;;   mov rcx, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rax + rcx]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
