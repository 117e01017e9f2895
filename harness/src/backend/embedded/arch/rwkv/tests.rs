//! Small models of every version, written to a folder and to a GGUF file.
//!
//! The expected logits are those of the package `rwkv` 0.8.32 (`RWKV_JIT_ON=0`, strategy `cpu fp32`)
//! on the same numbers under the names of its own files, one token after the other.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype as FileDtype, TensorView};
use serde_json::json;

use crate::backend::embedded::arch;
use crate::backend::embedded::kv::Sequence;
use crate::backend::embedded::model::{Model, Piece, Wanted};
use crate::backend::embedded::weights::{Checkpoint, Dtype};

const WIDTH: usize = 16;
const HEAD_SIZE: usize = 8;
const N_INNER: usize = 24;
const RANK: usize = 4;
const N_LAYERS: usize = 2;
const N_TOKENS: usize = 20;

/// A tensor with its name in a folder.
#[derive(Clone)]
struct Stored {
    name: String,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

/// Numbers between −1 and 1 that look random (the generator of Numerical Recipes).
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// The tensors of a layer that differ between versions.
fn own_shapes(version: u32) -> Vec<(&'static str, Vec<usize>)> {
    let vectors =
        |names: &[&'static str]| names.iter().map(|name| (*name, vec![WIDTH])).collect::<Vec<_>>();
    let heads = || vec![WIDTH / HEAD_SIZE, HEAD_SIZE];
    let mut shapes = match version {
        4 => vectors(&["attention.time_decay", "attention.time_first"]),
        5 => vec![("attention.time_decay", heads()), ("attention.time_mix_gate", vec![WIDTH])],
        _ => vec![
            ("attention.time_decay", vec![1, 1, WIDTH]),
            ("attention.time_maa_w1", vec![WIDTH, 5 * RANK]),
            ("attention.time_maa_w2", vec![5, RANK, WIDTH]),
            ("attention.time_decay_w1", vec![WIDTH, RANK]),
            ("attention.time_decay_w2", vec![RANK, WIDTH]),
        ],
    };
    if version == 6 {
        shapes.extend(vectors(&[
            "attention.time_maa_x",
            "attention.time_maa_w",
            "attention.time_maa_k",
            "attention.time_maa_v",
            "attention.time_maa_r",
            "attention.time_maa_g",
            "feed_forward.time_maa_k",
            "feed_forward.time_maa_r",
        ]));
    } else {
        shapes.extend(vectors(&[
            "attention.time_mix_key",
            "attention.time_mix_value",
            "attention.time_mix_receptance",
            "feed_forward.time_mix_key",
            "feed_forward.time_mix_receptance",
        ]));
    }
    if version > 4 {
        shapes.push(("attention.time_faaaa", heads()));
        shapes.push(("attention.gate.weight", vec![WIDTH, WIDTH]));
        shapes.extend(vectors(&["attention.ln_x.weight", "attention.ln_x.bias"]));
    }
    shapes
}

/// All tensors, whose numbers are drawn in this order.
fn tensors(version: u32) -> Vec<Stored> {
    let vector = vec![WIDTH];
    let square = vec![WIDTH, WIDTH];
    let mut shapes = vec![
        ("rwkv.embeddings.weight".to_owned(), vec![N_TOKENS, WIDTH]),
        ("rwkv.blocks.0.pre_ln.weight".to_owned(), vector.clone()),
        ("rwkv.blocks.0.pre_ln.bias".to_owned(), vector.clone()),
        ("rwkv.ln_out.weight".to_owned(), vector.clone()),
        ("rwkv.ln_out.bias".to_owned(), vector.clone()),
        ("head.weight".to_owned(), vec![N_TOKENS, WIDTH]),
    ];
    for layer in 0..N_LAYERS {
        let common = [
            ("ln1.weight", vector.clone()),
            ("ln1.bias", vector.clone()),
            ("ln2.weight", vector.clone()),
            ("ln2.bias", vector.clone()),
            ("attention.key.weight", square.clone()),
            ("attention.value.weight", square.clone()),
            ("attention.receptance.weight", square.clone()),
            ("attention.output.weight", square.clone()),
            ("feed_forward.key.weight", vec![N_INNER, WIDTH]),
            ("feed_forward.value.weight", vec![WIDTH, N_INNER]),
            ("feed_forward.receptance.weight", square.clone()),
        ];
        let all = common.into_iter().chain(own_shapes(version));
        shapes.extend(all.map(|(name, shape)| (format!("rwkv.blocks.{layer}.{name}"), shape)));
    }
    let mut numbers = Numbers(7);
    let draw = |(name, shape): (String, Vec<usize>)| {
        let n_numbers = shape.iter().product();
        let numbers = std::iter::repeat_with(|| numbers.next()).take(n_numbers).collect();
        Stored { name, shape, numbers }
    };
    shapes.into_iter().map(draw).collect()
}

fn write_folder(folder: &Path, version: u32) {
    let model_type = if version == 4 { "rwkv".to_owned() } else { format!("rwkv{version}") };
    let config = json!({ "model_type": model_type, "hidden_size": WIDTH, "head_size": HEAD_SIZE,
        "num_hidden_layers": N_LAYERS, "attention_hidden_size": WIDTH, "rescale_every": 6 });
    std::fs::write(folder.join("config.json"), config.to_string()).expect("a file");
    let tensors = tensors(version);
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let view = TensorView::new(FileDtype::F32, tensor.shape.clone(), bytes);
        (tensor.name.as_str(), view.expect("as many numbers as its shape says"))
    });
    safetensors::serialize_to_file(views, None, &folder.join("model.safetensors")).expect("a file");
}

/// The name and the numbers of a tensor in a GGUF file.
fn converted(stored: &Stored) -> (String, Tensor) {
    let tensor = Tensor::from_slice(&stored.numbers, stored.shape.as_slice(), &Device::Cpu);
    let tensor = tensor.expect("as many numbers as its shape says");
    let tensor = match stored.name.as_str() {
        name if name.ends_with("_w1") || name.ends_with("time_decay_w2") => tensor.t(),
        name if name.ends_with("time_maa_w2") => tensor.transpose(1, 2),
        // The file is one for programs that halve the residual stream after every layer.
        name if name.starts_with("rwkv.blocks.1.")
            && (name.ends_with("attention.output.weight")
                || name.ends_with("feed_forward.value.weight")) =>
        {
            tensor / 2.0
        }
        _ => Ok(tensor),
    };
    let tensor = tensor.and_then(|tensor| tensor.contiguous()).expect("a matrix");
    let mut name = stored.name.clone();
    for (hf, gguf) in [
        ("rwkv.blocks.0.pre_ln", "token_embd_norm"),
        ("rwkv.embeddings", "token_embd"),
        ("rwkv.ln_out", "output_norm"),
        ("head.", "output."),
        ("rwkv.blocks", "blk"),
        ("ln1", "attn_norm"),
        ("ln2", "attn_norm_2"),
        ("attention.ln_x", "time_mix_ln"),
        ("attention.time_faaaa", "time_mix_first"),
        ("attention.time_decay", "time_mix_decay"),
        ("attention.time_maa_w1", "time_mix_w1"),
        ("attention.time_maa_w2", "time_mix_w2"),
        ("attention.time_maa", "time_mix_lerp"),
        ("attention.", "time_mix_"),
        ("feed_forward.time_maa", "channel_mix_lerp"),
        ("feed_forward.", "channel_mix_"),
    ] {
        name = name.replace(hf, gguf);
    }
    let has_ending = ["weight", "bias"].iter().any(|ending| name.ends_with(ending));
    (if has_ending { name } else { format!("{name}.weight") }, tensor)
}

/// Puts the shares of each layer into one tensor, as newer converters do.
fn fuse(tensors: &mut Vec<(String, Tensor)>) {
    for layer in 0..N_LAYERS {
        let names = ["w", "k", "v", "r", "g"]
            .map(|part| format!("blk.{layer}.time_mix_lerp_{part}.weight"));
        let shares = names.map(|name| {
            let idx = tensors.iter().position(|tensor| tensor.0 == name).expect("a share");
            tensors.remove(idx).1
        });
        let fused = Tensor::stack(&shares, 0).and_then(|shares| shares.reshape((5, 1, 1, WIDTH)));
        let name = format!("blk.{layer}.time_mix_lerp_fused.weight");
        tensors.push((name, fused.expect("equal lengths")));
    }
}

fn write_gguf(path: &Path, tensors: &[(String, Tensor)]) {
    let tensors: Vec<(&str, QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let tensor = QTensor::quantize(tensor, GgmlDType::F32).expect("no rounding");
            (name.as_str(), tensor)
        })
        .collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(n, tensor)| (*n, tensor)).collect();
    let number = |number: usize| Value::U32(u32::try_from(number).expect("a small number"));
    let metadata = [
        ("general.architecture", Value::String("rwkv6".to_owned())),
        ("rwkv6.embedding_length", number(WIDTH)),
        ("rwkv6.block_count", number(N_LAYERS)),
        ("rwkv6.wkv.head_size", number(HEAD_SIZE)),
        ("rwkv6.attention.layer_norm_epsilon", Value::F32(1e-5)),
        ("rwkv6.rescale_every_n_layers", number(1)),
    ];
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let mut file = File::create(path).expect("a file");
    gguf_file::write(&mut file, &metadata, &tensors).expect("a file");
}

fn load(path: &Path) -> Model {
    let mut checkpoint = Checkpoint::open(path, Dtype::Stored).expect("readable files");
    let build = arch::of(&checkpoint).expect("a known architecture");
    build(&mut checkpoint).expect("a model")
}

fn model(version: u32) -> Model {
    let folder = tempfile::tempdir().expect("a folder");
    write_folder(folder.path(), version);
    load(folder.path())
}

/// Logits after every token of each of some sequences that run together.
fn together(model: &Model, run: &mut [(Sequence, Vec<u32>)]) -> Vec<Vec<f32>> {
    let pieces = run.iter_mut().map(|(sequence, tokens)| Piece {
        sequence,
        tokens: tokens.as_slice(),
        logits: Wanted::All,
    });
    model.forward(&mut pieces.collect::<Vec<_>>())
}

const TOKENS: [u32; 5] = [3, 1, 4, 1, 5];

#[test]
fn logits_are_those_of_the_reference() {
    let check = |version: u32, expected: [f32; 5]| {
        let run = &mut [(Sequence::default(), TOKENS.to_vec())];
        let logits = together(&model(version), run).pop().expect("five tokens");
        let greatest = expected.iter().fold(0.0, |a: f32, b| a.max(b.abs()));
        for (found, expected) in logits.iter().zip(expected) {
            let error = (found - expected).abs() / greatest;
            assert!(error < 1e-4, "version {version}: {:?} {expected}", &logits[..5]);
        }
    };
    check(4, [-0.599_127, 0.923_631, -0.926_043, -3.582_15, -2.295_706]);
    check(5, [-2.285_28, 1.214_193, 0.857_01, -1.073_146, 1.267_554]);
    check(6, [-0.025_733, 0.749_147, -2.225_209, -0.217_913, -0.438_571]);
}

#[test]
fn a_gguf_file_is_the_same_model_as_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gguf");
    let run = || [(Sequence::default(), TOKENS.to_vec())];
    let expected = together(&model(6), &mut run());
    let mut tensors: Vec<(String, Tensor)> = tensors(6).iter().map(converted).collect();
    write_gguf(&path, &tensors);
    assert_eq!(together(&load(&path), &mut run()), expected);
    fuse(&mut tensors);
    write_gguf(&path, &tensors);
    assert_eq!(together(&load(&path), &mut run()), expected);
}

#[test]
fn a_sequence_is_the_same_alone_in_company_and_behind_a_shared_prompt() {
    for version in [4, 5, 6] {
        let model = model(version);
        let (prompt, one, two) = (vec![3, 1, 4, 1, 5], vec![9, 2, 6], vec![5, 3]);
        let alone = |own: &[u32]| {
            let tokens = [prompt.as_slice(), own].concat();
            together(&model, &mut [(Sequence::default(), tokens)]).split_off(prompt.len())
        };
        let mut start = [(Sequence::default(), prompt[..2].to_vec())];
        together(&model, &mut start);
        start[0].1 = prompt[2..].to_vec();
        together(&model, &mut start);
        let shared = Arc::new(std::mem::take(&mut start[0].0.own));
        let from_prompt = || Sequence { prompt: Some(Arc::clone(&shared)), ..Sequence::default() };
        let mut run = [(from_prompt(), one.clone()), (from_prompt(), two.clone())];
        let logits = together(&model, &mut run);
        assert_eq!(logits, [alone(&one), alone(&two)].concat(), "version {version}");
        assert_eq!(run.map(|(sequence, _)| sequence.n_positions()), [8, 7], "version {version}");
    }
}
