;;! target = "x86_64"
;;! show = "asm"
;; A load with one use becomes a memory operand, unless a store stands between.
(module (memory 1)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 1) (i32.load (local.get 0))))
  (func (export "cmp") (param i32 i32) (result i32) (i32.eq (local.get 1) (i32.load (local.get 0))))
  (func (export "float") (param i32 f64) (result f64) (f64.mul (local.get 1) (f64.load (local.get 0))))
  (func (export "across_store") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (i32.store (local.get 1) (i32.const 0))
    (i32.add (local.get 1) (local.get 2))))
;; add:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   add esi, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   mov rax, rsi
;;   pop rbp
;;   ret
;; cmp:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   xor ecx, ecx
;;   cmp esi, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   sete cl
;;   mov rax, rcx
;;   pop rbp
;;   ret
;; float:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   vmulsd xmm0, xmm0, qword ptr [rdi + rax] ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; across_store:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   mov ecx, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   mov dword ptr [rax + rsi], 0             ; trap: MemoryOutOfBounds
;;   add ecx, esi
;;   mov rax, rcx
;;   pop rbp
;;   ret
