;;! target = "x86_64"
;;! show = "asm"
;; A sum with a shifted operand is one lea.
(module (func (export "f") (param i32 i32) (result i32)
  (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   lea eax, [rdi + rsi*4]
;;   pop rbp
;;   ret
