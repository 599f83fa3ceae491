;; The smallest module there is: takes every request as the record of its event, as it came.
;; docs/wasm.md explains each line's part in the interface. Run it by WASM_MODULE=.../echo.wat.
(module
  (memory (export "memory") 1)
  (global $answers (mut i32) (i32.const 0))

  ;; requests lie at 1024, answers behind them; one of those is a byte longer than its request
  (func (export "alloc") (param $size i32) (result i32)
    (local $more i32)
    (global.set $answers (i32.add (i32.const 1024) (local.get $size)))
    (local.set $more
      (i32.sub
        (i32.add (i32.shr_u (i32.mul (local.get $size) (i32.const 3)) (i32.const 16)) (i32.const 1))
        (memory.size)))
    (if (i32.gt_s (local.get $more) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $more)) (i32.const -1)) (then unreachable))))
    (i32.const 1024))

  ;; any scenario will do: nothing is answered to its description
  (func (export "init") (param $at i32) (param $size i32) (result i64)
    (i64.const 0))

  (func (export "handle") (param $at i32) (param $size i32) (result i64)
    (local $end i32) (local $to i32) (local $length i32)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (local.set $to (global.get $answers))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $length (i32.load (local.get $at)))
        ;; a verdict: its length, 0 for good, the record
        (i32.store (local.get $to) (i32.add (local.get $length) (i32.const 1)))
        (i32.store8 (i32.add (local.get $to) (i32.const 4)) (i32.const 0))
        (memory.copy
          (i32.add (local.get $to) (i32.const 5))
          (i32.add (local.get $at) (i32.const 4))
          (local.get $length))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $length) (i32.const 4))))
        (local.set $to (i32.add (local.get $to) (i32.add (local.get $length) (i32.const 5))))
        (br $next)))
    ;; where the answers are, and their size
    (i64.or
      (i64.shl (i64.extend_i32_u (global.get $answers)) (i64.const 32))
      (i64.extend_i32_u (i32.sub (local.get $to) (global.get $answers))))))
