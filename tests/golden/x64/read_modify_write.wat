;;! target = "x86_64"
;;! show = "asm"
;; Load, add and store at one address.
(module (memory 1)
  (func (export "f") (param i32 i32)
    (i32.store offset=4 (local.get 0) (i32.add (i32.load offset=4 (local.get 0)) (local.get 1))))
  (func (export "increment") (param i32)
    (i64.store (local.get 0) (i64.add (i64.load (local.get 0)) (i64.const 1)))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   add dword ptr [rdi + rax + 4], esi       ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
;; increment:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x28]
;;   add qword ptr [rdi + rax], 1             ; trap: MemoryOutOfBounds
;;   pop rbp
;;   ret
