;;! target = "x86_64"
;;! show = "asm"
;;! opt_level = "0"
;; opt-level 0: no passes, one pass of register allocation, correct code.
(module (memory 1)
  (func (export "sum") (param i32 i32) (result i32) (local i32)
    (loop
      (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2)))
;; sum:
;;   push rbp
;;   mov rbp, rsp
;;   sub rsp, 0x20
;;   mov rax, rsi
;;   mov rcx, rdi
;;   mov dword ptr [rsp], 0
;;   mov dword ptr [rsp + 8], ecx
;;   mov dword ptr [rsp + 0x10], eax
;; L0:
;;   mov ecx, dword ptr [rsp]
;;   mov eax, dword ptr [rsp + 8]
;;   mov rdx, qword ptr [r15 + 0x28]
;;   add ecx, dword ptr [rdx + rax]           ; trap: MemoryOutOfBounds
;;   mov dword ptr [rsp], ecx
;;   add eax, 4
;;   mov dword ptr [rsp + 8], eax
;;   mov eax, dword ptr [rsp + 0x10]
;;   add eax, -1
;;   mov dword ptr [rsp + 0x10], eax
;;   test eax, eax
;;   jne L0
;;   mov eax, dword ptr [rsp]
;;   mov rsp, rbp
;;   pop rbp
;;   ret
