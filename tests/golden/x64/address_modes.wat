;;! target = "x86_64"
;;! show = "asm"
;; A load folds a constant offset; an i32 sum is computed in 32 bits before it becomes an address, because it wraps.
(module (memory 1)
  (func (export "offset") (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func (export "sum") (param i32 i32) (result i32) (i32.load (i32.add (local.get 0) (local.get 1))))
  (func (export "scaled") (param i32 i32) (result i32)
    (i32.load offset=4 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))
  (func (export "sum_of_constant") (param i32) (result i32) (i32.load (i32.add (local.get 0) (i32.const 8))))
  (func (export "constant") (result i32) (i32.load offset=8 (i32.const 1024)))
  (func (export "masked") (param i32) (result i32)
    (i32.load offset=32 (i32.shl (i32.and (local.get 0) (i32.const 255)) (i32.const 2)))))
;; offset:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rdi + rax + 0x10]    ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; sum:
;;   push rbp
;;   mov rbp, rsp
;;   add edi, esi
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; scaled:
;;   push rbp
;;   mov rbp, rsp
;;   lea eax, [rdi + rsi*4]
;;   mov rcx, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rax + rcx + 4]       ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; sum_of_constant:
;;   push rbp
;;   mov rbp, rsp
;;   add edi, 8
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; constant:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rax + 0x408]
;;   pop rbp
;;   ret
;; masked:
;;   push rbp
;;   mov rbp, rsp
;;   movzx eax, dil
;;   shl eax, 2
;;   mov rcx, qword ptr [r15 + 0x28]
;;   mov eax, dword ptr [rax + rcx + 0x20]    ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
