//! Modules before and after, side by side.

use wasmparser::{Operator, Parser, Payload};
use wasmtime::{Engine, Func, Instance, Module, Store};

use super::{FUEL, HOST_MODULE, MEMORY, image_of, rewrite};

/// A module in the text format, running.
struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Running {
    /// The module as it is.
    fn plain(text: &str) -> Self {
        let engine = Engine::default();
        let module = Module::new(&engine, text_to_wasm(text)).expect("a module");
        let mut store = Store::new(&engine, ());
        let nothing = Func::wrap(&mut store, || ());
        let instance = Instance::new(&mut store, &module, &[nothing.into()]);
        Self { store, instance: instance.expect("an instance") }
    }

    /// The module rewritten, with so much fuel.
    fn rewritten(text: &str, fuel: i64) -> Self {
        let engine = Engine::default();
        let rewritten = rewrite(&text_to_wasm(text)).expect("a module that can be rewritten");
        let image = Module::new(&engine, &rewritten.image).expect("an image");
        let code = Module::new(&engine, &rewritten.code).expect("code");
        let mut store = Store::new(&engine, ());
        let image = Instance::new(&mut store, &image, &[]).expect("a memory");
        let memory = image.get_memory(&mut store, MEMORY).expect("a memory");
        let imports = code.imports().map(|import| (import.module(), import.name()));
        assert_eq!(imports.collect::<Vec<_>>(), [("host", "nothing"), (HOST_MODULE, MEMORY)]);
        let nothing = Func::wrap(&mut store, || ());
        let instance = Instance::new(&mut store, &code, &[nothing.into(), memory.into()]);
        let mut running = Self { store, instance: instance.expect("an instance") };
        running.set_fuel(fuel);
        running
    }

    fn set_fuel(&mut self, fuel: i64) {
        let global = self.instance.get_global(&mut self.store, FUEL).expect("a counter");
        global.set(&mut self.store, fuel.into()).expect("it can be set");
    }

    fn fuel(&mut self) -> i64 {
        let global = self.instance.get_global(&mut self.store, FUEL).expect("a counter");
        global.get(&mut self.store).unwrap_i64()
    }

    /// What an exported function gives; `None` when it traps.
    fn call(&mut self, name: &str, argument: i32) -> Option<i32> {
        let function = self.instance.get_typed_func::<i32, i32>(&mut self.store, name);
        function.expect("a function").call(&mut self.store, argument).ok()
    }
}

/// The module with what every interpreter has: an import and a global.
fn text_to_wasm(text: &str) -> Vec<u8> {
    let has = "(module (import \"host\" \"nothing\" (func)) (global (mut i32) (i32.const 0))";
    wat::parse_str(text.replacen("(module", has, 1)).expect("a module in the text format")
}

/// `f` gives the same before and after, and calls so many functions afterwards.
fn check(text: &str, arguments: &[i32], n_calls: usize) {
    for argument in arguments {
        let before = Running::plain(text).call("f", *argument);
        let after = Running::rewritten(text, i64::MAX).call("f", *argument);
        assert_eq!(before, after, "f({argument}) of {text}");
    }
    let code = rewrite(&text_to_wasm(text)).expect("a module").code;
    // The function that is looked at is the module's last.
    let mut found = 0;
    for payload in Parser::new(0).parse_all(&code) {
        if let Payload::CodeSectionEntry(body) = payload.expect("a payload") {
            let operators = body.get_operators_reader().expect("a body").into_iter();
            let is_call = |operator: &Operator<'_>| {
                matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. })
            };
            found = operators.filter(|o| is_call(o.as_ref().expect("an operator"))).count();
        }
    }
    assert_eq!(found, n_calls, "{text}");
}

#[test]
fn small_functions_take_the_place_of_their_calls() {
    // Locals are zero each time, returns lead to the end, parameters come in order.
    let text = "(module (memory 1)
        (func $counts (param i32 i32) (result i32) (local i32)
            local.get 2 i32.const 1 i32.add local.set 2
            local.get 0 i32.eqz if local.get 1 return end
            local.get 0 local.get 1 i32.sub local.get 2 i32.mul)
        (func (export \"f\") (param i32) (result i32) (local i32 i32)
            loop
                local.get 2 local.get 1 i32.const 7 call $counts i32.add local.set 2
                local.get 1 i32.const 1 i32.add local.tee 1
                local.get 0 i32.lt_s br_if 0
            end
            local.get 2))";
    check(text, &[0, 1, 2, 3, 10, 100], 0);
}

#[test]
fn functions_in_place_of_calls_may_hold_others() {
    let text = "(module (memory 1)
        (func $one (param i32) (result i32) local.get 0 i32.const 3 i32.mul)
        (func $two (param i32) (result i32) (local i64)
            local.get 0 i64.extend_i32_s local.set 1
            block
                local.get 0 i32.const 5 i32.gt_s br_if 0
                local.get 0 call $one return
            end
            local.get 1 i32.wrap_i64 call $one local.get 0 call $one i32.xor)
        (func (export \"f\") (param i32) (result i32)
            local.get 0 call $two local.get 0 i32.const 1 i32.add call $two i32.sub))";
    check(text, &[-1, 0, 4, 5, 6, 7, i32::MAX], 0);
}

#[test]
fn what_closes_a_circle_stays_a_call() {
    let text = "(module (memory 1)
        (func $down (export \"f\") (param i32) (result i32)
            local.get 0 i32.eqz if i32.const 1 return end
            local.get 0 i32.const 1 i32.sub call $down local.get 0 i32.mul))";
    check(text, &[0, 1, 5, 9], 1);
}

#[test]
fn a_guess_may_be_right_or_wrong() {
    let text = "(module (memory 1) (table funcref (elem $long_dealloc $other))
        (type $dealloc (func (param i32)))
        (global $sum (mut i32) (i32.const 0))
        (func $long_dealloc (type $dealloc) global.get $sum local.get 0 i32.add global.set $sum)
        (func $other (type $dealloc) global.get $sum local.get 0 i32.sub global.set $sum)
        (func $_Py_Dealloc (export \"f\") (param i32) (result i32)
            i32.const 40 local.get 0 call_indirect (type $dealloc)
            i32.const 2 local.get 0 i32.const 1 i32.xor call_indirect (type $dealloc)
            global.get $sum))";
    // Two pointers are compared, and what they are compared with is written down.
    check(text, &[0, 1], 2);
    assert_eq!(Running::rewritten(text, i64::MAX).call("f", 2), None, "there is no third function");
}

#[test]
fn fuel_is_the_same_whatever_is_called_or_not() {
    let text = |body: &str| {
        format!(
            "(module (memory 1)
            (func $spin (param i32) (result i32) {body}
                loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0)
            (func (export \"f\") (param i32) (result i32) local.get 0 call $spin))"
        )
    };
    let long = "nop ".repeat(60);
    for (body, n) in [("", 5), (&long, 5), ("", 5000), (&long, 5000)] {
        let mut running = Running::rewritten(&text(body), 1_000_000);
        assert_eq!(running.call("f", n), Some(0));
        assert_eq!(running.fuel(), 1_000_000 - i64::from(n));
    }
    let mut running = Running::rewritten(&text(""), 100_000);
    assert_eq!(running.call("f", 0), None, "it never ends");
    assert!(running.fuel() < 0);
}

const ALLOCATOR: &str = "(module (memory (export \"memory\") 1)
    (global $top (mut i32) (i32.const 1024))
    (global $n_back (mut i32) (i32.const 0))
    (func $dlmalloc (param i32) (result i32) (local i32)
        local.get 0 i32.const 19 i32.add i32.const -16 i32.and local.set 1
        global.get $top i32.const 12 i32.add local.get 1 i32.const 3 i32.or i32.store
        global.get $top i32.const 16 i32.add
        global.get $top local.get 1 i32.add global.set $top)
    (func $dlfree (param i32) global.get $n_back i32.const 1 i32.add global.set $n_back)
    (func $malloc (export \"malloc\") (param i32) (result i32) local.get 0 call $dlmalloc)
    (func $free (param i32) local.get 0 call $dlfree)
    (func (export \"free\") (param i32) (result i32) local.get 0 call $free i32.const 0)
    (func (export \"n_back\") (param i32) (result i32) global.get $n_back))";

#[test]
fn small_blocks_wait_for_the_next_request_of_their_size() {
    let mut running = Running::rewritten(ALLOCATOR, i64::MAX);
    let mut malloc = |n_bytes| running.call("malloc", n_bytes).expect("a block");
    let blocks: Vec<i32> = [0, 12, 13, 28, 29, 508, 509].into_iter().map(&mut malloc).collect();
    for block in &blocks {
        running.call("free", *block);
    }
    assert_eq!(running.call("n_back", 0), Some(1), "the large one");
    let mut malloc = |n_bytes| running.call("malloc", n_bytes).expect("a block");
    // The last one that was freed comes first.
    assert_eq!([1, 2].map(&mut malloc), [blocks[1], blocks[0]]);
    assert_eq!([20, 20].map(&mut malloc), [blocks[3], blocks[2]]);
    assert_eq!([44, 500].map(&mut malloc), [blocks[4], blocks[5]]);
    let new = [1, 20, 44, 500, 509].map(&mut malloc);
    assert!(new.iter().all(|block| !blocks.contains(block)), "{new:?} {blocks:?}");
}

#[test]
fn lists_of_blocks_are_bounded() {
    let mut running = Running::rewritten(ALLOCATOR, i64::MAX);
    let blocks: Vec<i32> = (0..1030).map(|_| running.call("malloc", 20).expect("one")).collect();
    for block in &blocks {
        running.call("free", *block);
    }
    assert_eq!(running.call("n_back", 0), Some(6));
    running.call("free", 0);
    assert_eq!(running.call("n_back", 0), Some(7), "nothing is given to the old one, as before");
    for block in blocks[..1024].iter().rev() {
        assert_eq!(running.call("malloc", 20), Some(*block));
    }
    assert!(!blocks.contains(&running.call("malloc", 20).expect("one")));
}

#[test]
fn other_allocators_are_left_alone() {
    let other = ALLOCATOR.replace("local.get 0 call $dlmalloc)", "local.get 0 call $dlmalloc nop)");
    let mut running = Running::rewritten(&other, i64::MAX);
    let block = running.call("malloc", 20).expect("a block");
    running.call("free", block);
    assert_eq!(running.call("n_back", 0), Some(1));
}

#[test]
fn a_memory_is_an_image_of_itself() {
    let mut memory = vec![0_u8; 3 << 16];
    for at in [0, 4095, 4096, 70_000, (3 << 16) - 1] {
        memory[at] = 7;
    }
    let engine = Engine::default();
    let image = Module::new(&engine, image_of(&memory)).expect("an image");
    let mut store = Store::new(&engine, ());
    let image = Instance::new(&mut store, &image, &[]).expect("a memory");
    assert!(image.get_memory(&mut store, MEMORY).expect("a memory").data(&store) == memory);
}
