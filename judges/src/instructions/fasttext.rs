//! Language identification with a quantised fastText model.
//!
//! Source: fastText 0.9.2, `src/fasttext.cc`, `dictionary.cc`, `productquantizer.cc`, `qmatrix.cc`
//! and `loss.cc`, for what `lid.176.ftz` uses: a supervised model with a product-quantised input,
//! a pruned dictionary of character n-grams, and hierarchical softmax.

use std::collections::HashMap;

/// First number of a model file.
const MAGIC: i32 = 793_712_314;
/// The version of the file format that is read.
const VERSION: i32 = 12;
/// The number of the hierarchical softmax among the losses.
const HIERARCHICAL_SOFTMAX: i32 = 1;
/// The number of supervised models among the kinds of models.
const SUPERVISED: i32 = 3;
/// The token that ends a line.
const END_OF_LINE: &str = "</s>";
/// Each code of a product quantiser is one byte.
const N_CENTROIDS: usize = 256;
/// The prefix of labels.
const LABEL: &str = "__label__";

/// A language identifier.
#[derive(Debug)]
pub(crate) struct LanguageIdentifier {
    dimension: usize,
    min_ngram: usize,
    max_ngram: usize,
    n_buckets: u32,
    words: HashMap<Box<str>, usize>,
    labels: Vec<Box<str>>,
    /// The rows of the n-grams that pruning has left, by bucket.
    ngram_rows: HashMap<u32, usize>,
    input: Quantised,
    /// One row for each inner node of the tree.
    output: Vec<f32>,
    tree: Vec<Node>,
}

/// A matrix whose rows are made of centroids.
#[derive(Debug)]
struct Quantised {
    n_rows: usize,
    codes: Vec<u8>,
    rows: Centroids,
    /// Codes of the rows' norms, where those are kept apart.
    norms: Option<(Vec<u8>, Centroids)>,
}

#[derive(Debug)]
struct Centroids {
    n_parts: usize,
    part_length: usize,
    last_part_length: usize,
    values: Vec<f32>,
}

/// An inner node of the Huffman tree over the labels. Numbers under the number of labels are leaves.
#[derive(Debug)]
struct Node {
    left: usize,
    right: usize,
}

impl LanguageIdentifier {
    /// Reads a model file. The error says what is amiss.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut file = File { bytes };
        if file.i32()? != MAGIC || file.i32()? != VERSION {
            return Err("not a fastText model of version 12".into());
        }
        let [dimension, _, _, _, _, word_ngrams, loss, model, n_buckets, min_ngram, max_ngram, _] =
            file.i32s()?;
        file.take(8)?;
        if loss != HIERARCHICAL_SOFTMAX || model != SUPERVISED || word_ngrams != 1 {
            return Err("not a supervised model of single words with a softmax tree".into());
        }
        let dictionary = Dictionary::read(&mut file)?;
        let n_labels = dictionary.labels.len();
        if file.u8()? != 1 {
            return Err("the input matrix is not quantised".into());
        }
        let dimension = size(dimension.into())?;
        let input = Quantised::read(&mut file, dimension)?;
        if file.u8()? != 0 {
            return Err("the output matrix is quantised".into());
        }
        let shape = (size(file.i64()?)?, size(file.i64()?)?);
        if shape != (n_labels, dimension) || n_labels == 0 {
            return Err("the output matrix has another shape than the labels".into());
        }
        let n_words = dictionary.words.len();
        let mut ngram_rows = HashMap::with_capacity(dictionary.pruned.len());
        for (bucket, row) in dictionary.pruned {
            if n_words + row >= input.n_rows {
                return Err("an n-gram has no row".into());
            }
            ngram_rows.insert(bucket, n_words + row);
        }
        let n_buckets = u32::try_from(n_buckets).ok().filter(|n| *n > 0);
        Ok(Self {
            dimension,
            min_ngram: size(min_ngram.into())?,
            max_ngram: size(max_ngram.into())?,
            n_buckets: n_buckets.ok_or("there are no n-grams")?,
            words: dictionary.words,
            ngram_rows,
            input,
            output: file.f32s(n_labels * dimension)?,
            tree: tree(&dictionary.counts),
            labels: dictionary.labels,
        })
    }

    /// The most probable language of a text, by its code. Line ends count as blanks.
    pub(crate) fn identify(&self, text: &str) -> Option<&str> {
        let mut sum = vec![0_f32; self.dimension];
        let mut n_rows = 0_u32;
        let mut add = |row: usize| {
            self.input.add_row(row, &mut sum);
            n_rows += 1;
        };
        let is_blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\0');
        for word in text.split(is_blank).filter(|word| !word.is_empty()) {
            if let Some(row) = self.words.get(word) {
                add(*row);
            }
            let is_label = !self.words.contains_key(word) && word.starts_with(LABEL);
            if word != END_OF_LINE && !is_label {
                self.ngrams(word, &mut add);
            }
        }
        if let Some(row) = self.words.get(END_OF_LINE) {
            add(*row);
        }
        if n_rows == 0 {
            return None;
        }
        let scale = 1.0 / n_rows as f32;
        for value in &mut sum {
            *value *= scale;
        }
        Some(self.labels[self.best_label(&sum)].strip_prefix(LABEL).unwrap_or(""))
    }

    /// The rows of a word's character n-grams, with `<` and `>` for its edges.
    fn ngrams(&self, word: &str, add: &mut impl FnMut(usize)) {
        let word = format!("<{word}>");
        let ends: Vec<usize> =
            word.char_indices().map(|(at, _)| at).skip(1).chain([word.len()]).collect();
        let mut start = 0;
        for (index, next) in ends.iter().enumerate() {
            let mut hash = Hash::new();
            let mut from = start;
            for (n_chars, end) in (1..=self.max_ngram).zip(&ends[index..]) {
                hash.push(&word.as_bytes()[from..*end]);
                from = *end;
                let is_edge = n_chars == 1 && (start == 0 || *end == word.len());
                if n_chars >= self.min_ngram && !is_edge {
                    let row = self.ngram_rows.get(&(hash.0 % self.n_buckets));
                    if let Some(row) = row {
                        add(*row);
                    }
                }
            }
            start = *next;
        }
    }

    /// Walks down the tree for the label of the highest probability.
    fn best_label(&self, hidden: &[f32]) -> usize {
        let root = self.labels.len() + self.tree.len() - 1;
        let mut best = (0, f32::NEG_INFINITY);
        let mut open = vec![(root, 0_f32)];
        while let Some((node, score)) = open.pop() {
            if score < best.1 {
                continue;
            }
            let Some(inner) = node.checked_sub(self.labels.len()) else {
                if score > best.1 {
                    best = (node, score);
                }
                continue;
            };
            let row = &self.output[inner * self.dimension..][..self.dimension];
            let product: f32 = row.iter().zip(hidden).map(|(a, b)| a * b).sum();
            let right = 1.0 / (1.0 + (-product).exp());
            // The left branch is taken first, as upstream.
            open.push((self.tree[inner].right, score + logarithm(right)));
            open.push((self.tree[inner].left, score + logarithm(1.0 - right)));
        }
        best.0
    }
}

/// `std_log` of `src/utils.h`: never of zero.
#[expect(clippy::cast_possible_truncation, reason = "scores are added in single precision")]
fn logarithm(x: f32) -> f32 {
    (f64::from(x) + 1e-5).ln() as f32
}

/// The Huffman tree over the labels, most frequent first. The last node is the root.
fn tree(counts: &[i64]) -> Vec<Node> {
    let n_labels = counts.len();
    let mut weights = counts.to_vec();
    let mut nodes = Vec::with_capacity(n_labels.saturating_sub(1));
    let (mut leaves, mut inner) = (n_labels, n_labels);
    while nodes.len() + 1 < n_labels {
        let mut lightest = || {
            let is_leaf =
                leaves > 0 && weights.get(inner).is_none_or(|weight| weights[leaves - 1] < *weight);
            if is_leaf {
                leaves -= 1;
                leaves
            } else {
                inner += 1;
                inner - 1
            }
        };
        let (left, right) = (lightest(), lightest());
        weights.push(weights[left].saturating_add(weights[right]));
        nodes.push(Node { left, right });
    }
    nodes
}

/// FNV-1a over bytes taken as signed (`Dictionary::hash`).
struct Hash(u32);

impl Hash {
    fn new() -> Self {
        Self(2_166_136_261)
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= i32::from(byte.cast_signed()).cast_unsigned();
            self.0 = self.0.wrapping_mul(16_777_619);
        }
    }
}

impl Quantised {
    fn read(file: &mut File<'_>, dimension: usize) -> Result<Self, String> {
        let has_norms = file.u8()? != 0;
        let (n_rows, n_columns) = (size(file.i64()?)?, size(file.i64()?)?);
        let n_codes = size(file.i32()?.into())?;
        let codes = file.take(n_codes)?.to_vec();
        let rows = Centroids::read(file)?;
        if n_columns != dimension || n_codes != n_rows * rows.n_parts || rows.width() != dimension {
            return Err("the input matrix has a wrong shape".into());
        }
        let norms = if has_norms {
            let codes = file.take(n_rows)?.to_vec();
            Some((codes, Centroids::read(file)?))
        } else {
            None
        };
        Ok(Self { n_rows, codes, rows, norms })
    }

    fn add_row(&self, row: usize, sum: &mut [f32]) {
        let norm = match &self.norms {
            Some((codes, centroids)) => centroids.part(0, codes[row])[0],
            None => 1.0,
        };
        let n_parts = self.rows.n_parts;
        let codes = &self.codes[row * n_parts..][..n_parts];
        for (part, code) in codes.iter().enumerate() {
            let values = self.rows.part(part, *code);
            let sums = &mut sum[part * self.rows.part_length..];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += norm * value);
        }
    }
}

impl Centroids {
    fn read(file: &mut File<'_>) -> Result<Self, String> {
        let [dimension, n_parts, part_length, last_part_length] = file.i32s()?;
        let sizes = [dimension, n_parts, part_length, last_part_length].map(|n| size(n.into()));
        let [dimension, n_parts, part_length, last_part_length] = sizes;
        let centroids = Self {
            n_parts: n_parts?,
            part_length: part_length?,
            last_part_length: last_part_length?,
            values: file.f32s(dimension.clone()? * N_CENTROIDS)?,
        };
        let is_whole = centroids.n_parts > 0
            && centroids.last_part_length > 0
            && centroids.width() == dimension?;
        if is_whole { Ok(centroids) } else { Err("a quantiser has a wrong shape".into()) }
    }

    fn width(&self) -> usize {
        (self.n_parts - 1) * self.part_length + self.last_part_length
    }

    fn part(&self, part: usize, code: u8) -> &[f32] {
        let length =
            if part + 1 == self.n_parts { self.last_part_length } else { self.part_length };
        let start = part * N_CENTROIDS * self.part_length + usize::from(code) * length;
        &self.values[start..start + length]
    }
}

/// The part of a model file that names words and labels.
struct Dictionary {
    words: HashMap<Box<str>, usize>,
    labels: Vec<Box<str>>,
    counts: Vec<i64>,
    pruned: Vec<(u32, usize)>,
}

impl Dictionary {
    fn read(file: &mut File<'_>) -> Result<Self, String> {
        let [n_entries, n_words, n_labels] = file.i32s()?;
        file.take(8)?;
        let n_pruned = file.i64()?;
        let mut dictionary = Self {
            words: HashMap::new(),
            labels: Vec::new(),
            counts: Vec::new(),
            pruned: Vec::new(),
        };
        for _ in 0..n_entries {
            let name: Box<str> = file.text()?.into();
            let count = file.i64()?;
            if file.u8()? == 0 {
                let row = dictionary.words.len();
                dictionary.words.insert(name, row);
            } else {
                dictionary.labels.push(name);
                dictionary.counts.push(count);
            }
        }
        let found = (dictionary.words.len(), dictionary.labels.len());
        if found != (size(n_words.into())?, size(n_labels.into())?) {
            return Err("the dictionary has another size than it says".into());
        }
        for _ in 0..n_pruned {
            let bucket = u32::try_from(file.i32()?).map_err(|_| "a negative bucket")?;
            dictionary.pruned.push((bucket, size(file.i32()?.into())?));
        }
        Ok(dictionary)
    }
}

fn size(n: i64) -> Result<usize, String> {
    usize::try_from(n).map_err(|_| format!("{n} is no size"))
}

/// The unread rest of a file of little-endian numbers.
struct File<'a> {
    bytes: &'a [u8],
}

impl<'a> File<'a> {
    fn take(&mut self, n_bytes: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(n_bytes).ok_or("the file is cut off")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or("the file is cut off")?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, String> {
        self.array().map(|[byte]| byte)
    }

    fn i32(&mut self) -> Result<i32, String> {
        self.array().map(i32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, String> {
        self.array().map(i64::from_le_bytes)
    }

    fn i32s<const N: usize>(&mut self) -> Result<[i32; N], String> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.i32()?;
        }
        Ok(numbers)
    }

    fn f32s(&mut self, n: usize) -> Result<Vec<f32>, String> {
        let bytes = self.take(n.checked_mul(4).ok_or("a matrix is too large")?)?;
        let (numbers, _) = bytes.as_chunks();
        Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
    }

    /// A text that ends with a zero byte.
    fn text(&mut self) -> Result<&'a str, String> {
        let end = self.bytes.iter().position(|byte| *byte == 0).ok_or("the file is cut off")?;
        let text = std::str::from_utf8(&self.bytes[..end]).map_err(|error| error.to_string())?;
        self.bytes = &self.bytes[end + 1..];
        Ok(text)
    }
}
