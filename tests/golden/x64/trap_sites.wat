;;! target = "x86_64"
;;! show = "asm"
;; Every trap has its code beside an instruction, and the traps stand behind the function.
(module (memory 1) (table 3 funcref)
  (func (export "unreachable") (unreachable))
  (func (export "if_unreachable") (param i32) (if (local.get 0) (then (unreachable))))
  (func (export "table") (param i32) (result i32) (ref.is_null (table.get 0 (local.get 0)))))
;; unreachable:
;;   push rbp
;;   mov rbp, rsp
;;   ud2                                      ; trap: Unreachable
;; if_unreachable:
;;   push rbp
;;   mov rbp, rsp
;;   test edi, edi
;;   jne L0
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: Unreachable
;; table:
;;   push rbp
;;   mov rbp, rsp
;;   mov rax, qword ptr [r15 + 0x40]
;;   cmp rax, rdi
;;   jbe L0
;;   xor ecx, ecx
;;   cmp rax, rdi
;;   cmovbe rdi, rcx
;;   mov rax, qword ptr [r15 + 0x38]
;;   xor ecx, ecx
;;   cmp qword ptr [rax + rdi*8], 0           ; trap: TableOutOfBounds
;;   sete cl
;;   mov rax, rcx
;;   pop rbp
;;   ret
;; L0:
;;   ud2                                      ; trap: TableOutOfBounds
