;;! target = "x86_64"
;;! show = "asm"
(module
  (func (export "clz") (param i32) (result i32) (i32.clz (local.get 0)))
  (func (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
  (func (export "popcnt") (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func (export "lowest") (param i64) (result i64) (i64.and (local.get 0) (i64.sub (i64.const 0) (local.get 0))))
  (func (export "clear_lowest") (param i32) (result i32)
    (i32.and (local.get 0) (i32.sub (local.get 0) (i32.const 1))))
  (func (export "andn") (param i32 i32) (result i32)
    (i32.and (local.get 0) (i32.xor (local.get 1) (i32.const -1)))))
;; clz:
;;   push rbp
;;   mov rbp, rsp
;;   lzcnt eax, edi
;;   pop rbp
;;   ret
;; ctz:
;;   push rbp
;;   mov rbp, rsp
;;   tzcnt rax, rdi
;;   pop rbp
;;   ret
;; popcnt:
;;   push rbp
;;   mov rbp, rsp
;;   popcnt eax, edi
;;   pop rbp
;;   ret
;; lowest:
;;   push rbp
;;   mov rbp, rsp
;;   blsi rax, rdi
;;   pop rbp
;;   ret
;; clear_lowest:
;;   push rbp
;;   mov rbp, rsp
;;   blsr eax, edi
;;   pop rbp
;;   ret
;; andn:
;;   push rbp
;;   mov rbp, rsp
;;   andn eax, esi, edi
;;   pop rbp
;;   ret
