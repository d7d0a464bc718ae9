;;! target = "x86_64"
;;! show = "asm"
(module (global $g (mut i32) (i32.const 1)) (global $c i64 (i64.const 5))
  (func (export "f") (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.add (global.get $g) (i32.wrap_i64 (global.get $c)))))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, dword ptr [r15 + 0x30]
;;   add eax, 1
;;   mov dword ptr [r15 + 0x30], eax
;;   add eax, 5
;;   pop rbp
;;   ret
