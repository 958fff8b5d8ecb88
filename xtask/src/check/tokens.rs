//! What a Rust file names: modules of its own crate, and other crates.
//!
//! Works on tokens, so that comments, doc texts and strings do not count and a path may be broken over lines.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// One name in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The line it stands on, from 1.
    pub(crate) line: usize,
    /// The module it stands in, from the crate's root.
    pub(crate) within: Vec<String>,
    /// What it is.
    pub(crate) what: What,
}

/// What a name is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `crate::NAME`, also by way of `super` or inside braces.
    InRoot(String),
    /// `crate::*`, or the root itself under another name.
    Root,
    /// One of the words that were asked for, anywhere.
    Word(String),
}

/// Everything a file names, in order.
///
/// # Errors
/// Where the text is not Rust.
pub(crate) fn names(text: &str, within: &[String], words: &[&str]) -> Result<Vec<Named>, String> {
    let stream: TokenStream =
        text.parse().map_err(|e: proc_macro2::LexError| format!("line {}: not Rust: {e}", e.span().start().line))?;
    let mut reader = Reader { words, found: Vec::new() };
    reader.stream(stream, within);
    Ok(reader.found)
}

struct Reader<'a> {
    words: &'a [&'a str],
    found: Vec<Named>,
}

impl Reader<'_> {
    fn stream(&mut self, stream: TokenStream, within: &[String]) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut rest = trees.as_slice();
        while let Some((tree, mut after)) = rest.split_first() {
            match tree {
                TokenTree::Ident(ident) if ident == "mod" => {
                    if let [TokenTree::Ident(name), TokenTree::Group(body), tail @ ..] = after {
                        let inner: Vec<String> = within.iter().cloned().chain([plain(name)]).collect();
                        self.stream(body.stream(), &inner);
                        after = tail;
                    }
                }
                TokenTree::Ident(ident) => {
                    self.word(ident, within);
                    if let (Some(base), Some(tail)) = (start(&plain(ident), within), path_separator(after)) {
                        after = self.path(base, tail, within);
                    }
                }
                TokenTree::Group(group) => self.stream(group.stream(), within),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            rest = after;
        }
    }

    /// Follows a path from a module of this crate; gives what comes after its first name.
    fn path<'t>(&mut self, base: &[String], rest: &'t [TokenTree], within: &[String]) -> &'t [TokenTree] {
        let Some((first, after)) = rest.split_first() else {
            return rest;
        };
        match first {
            TokenTree::Ident(ident) => {
                self.word(ident, within);
                let name = plain(ident);
                if name == "super" {
                    if let Some(tail) = path_separator(after) {
                        return self.path(parent(base), tail, within);
                    }
                } else if base.is_empty() && !is_punct(after.first(), '!') {
                    let what = if name == "self" { What::Root } else { What::InRoot(name) };
                    self.add(ident, what, within);
                }
                after
            }
            TokenTree::Punct(star) if star.as_char() == '*' => {
                if base.is_empty() {
                    self.found.push(Named {
                        line: star.span().start().line,
                        within: within.to_vec(),
                        what: What::Root,
                    });
                }
                after
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let trees: Vec<TokenTree> = group.stream().into_iter().collect();
                for item in trees.split(|tree| is_punct(Some(tree), ',')) {
                    let mut tail = self.path(base, item, within);
                    while let Some((tree, next)) = tail.split_first() {
                        self.words_in(tree, within);
                        tail = next;
                    }
                }
                after
            }
            _ => rest,
        }
    }

    /// The words in what follows the first name of a path in braces: it cannot reach another module of the root.
    fn words_in(&mut self, tree: &TokenTree, within: &[String]) {
        match tree {
            TokenTree::Ident(ident) => self.word(ident, within),
            TokenTree::Group(group) => group.stream().into_iter().for_each(|tree| self.words_in(&tree, within)),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }

    fn word(&mut self, ident: &Ident, within: &[String]) {
        let name = plain(ident);
        if self.words.contains(&name.as_str()) {
            self.add(ident, What::Word(name), within);
        }
    }

    fn add(&mut self, ident: &Ident, what: What, within: &[String]) {
        self.found.push(Named { line: ident.span().start().line, within: within.to_vec(), what });
    }
}

/// The module a path starts from; `None` when it does not start in this crate.
fn start<'a>(word: &str, within: &'a [String]) -> Option<&'a [String]> {
    match word {
        "crate" => Some(&[]),
        "super" => Some(parent(within)),
        "self" => Some(within),
        _ => None,
    }
}

fn parent(module: &[String]) -> &[String] {
    module.split_last().map_or(&[], |(_, parent)| parent)
}

fn path_separator(trees: &[TokenTree]) -> Option<&[TokenTree]> {
    let (first, rest) = trees.split_first()?;
    let (second, rest) = rest.split_first()?;
    (is_punct(Some(first), ':') && is_punct(Some(second), ':')).then_some(rest)
}

fn is_punct(tree: Option<&TokenTree>, expected: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}

fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file `payment/table.rs` names.
    fn named(text: &str) -> Vec<What> {
        let within = ["payment".to_owned(), "table".to_owned()];
        names(text, &within, &["tokio"]).unwrap().into_iter().map(|named| named.what).collect()
    }

    fn in_root(names: &[&str]) -> Vec<What> {
        names.iter().map(|name| What::InRoot((*name).to_owned())).collect()
    }

    #[test]
    fn every_way_to_name_a_module_of_the_root_is_seen() {
        for text in [
            "use crate::store::Db;",
            "use crate::store;",
            "use crate::store as s;",
            "pub(crate) use crate::{store::{Db, Row as R}};",
            "use super::super::store::Db;",
            "use super::{super::store::Db, own};",
            "use self::super::super::store::Db;",
            "fn f(x: crate::store::Db) {}",
            "fn f() { let x = crate\n  ::\n  store::open(); }",
            "mod inner { use super::super::super::store::Db; }",
            "macro_rules! m { () => { $crate::store::open() }; }",
            "#[derive(Debug)] struct S<T: crate::store::Bound>(T);",
            "use crate::r#store::Db;",
        ] {
            assert_eq!(named(text), in_root(&["store"]), "{text}");
        }
        assert_eq!(
            named("use crate::{money::Money, store::{self, Db}, gateway};"),
            in_root(&["money", "store", "gateway"])
        );
    }

    #[test]
    fn the_whole_root_is_seen() {
        for text in ["use crate::*;", "use super::super::*;", "use crate::{self as root};"] {
            assert_eq!(named(text), [What::Root], "{text}");
        }
    }

    #[test]
    fn comments_strings_macros_and_own_modules_are_not() {
        for text in [
            "// use crate::store::Db;",
            "/// See [`crate::store::Db`], tokio.\nfn f() {}",
            "/* crate::store */ const T: &str = \"crate::store tokio\";",
            "use super::state::State;",
            "use self::inner::X;",
            "mod inner { use super::Y; }",
            "use super::*;",
            "pub(crate) fn f() { crate::log!(\"x\") }",
            "use other::store::Db;",
        ] {
            assert_eq!(named(text), [], "{text}");
        }
    }

    #[test]
    fn words_are_seen_wherever_they_stand() {
        for text in [
            "use tokio::spawn;",
            "extern crate tokio as t;",
            "fn f() { ::tokio::spawn(x) }",
            "use super::{a, tokio::b};",
            "#[tokio::test] fn f() {}",
            "use r#tokio as x;",
        ] {
            assert_eq!(named(text), [What::Word("tokio".into())], "{text}");
        }
    }

    #[test]
    fn the_line_and_the_module_are_told() {
        let found = names("\n\nmod deep {\n fn f() { crate::store::x() }\n}", &["money".to_owned()], &[]).unwrap();
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.line, one.within.join("::")), (4, "money::deep".to_owned()));
    }

    #[test]
    fn what_is_not_rust_is_an_error() {
        assert!(names("fn f( {", &[], &[]).unwrap_err().contains("not Rust"));
    }
}
