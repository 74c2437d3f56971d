use super::fuzz::fuzz_scanner;

#[test]
fn fuzz_seeds() {
    for doc in [
        r#"{"a":[1,2.5,"x\u00e9\n",null,true,{"b":{}}],"a":"","c":[[[[[[1]]]]]],"long text here 12345678":-0}"#,
        "12",
        " [ ] ",
        "{}",
        "nul",
        "truex",
        "[1,]",
        "{\"a\"}",
        "\u{feff}[1]",
        "01",
        "1.",
        "[\"\\ud800\\ud800\\udc00x\"]",
        "[\"\\x\"]",
        "",
        " ",
        "[}",
        "{\"a\":1,}",
    ] {
        for bound in 0..16 {
            for seed in 0..8 {
                let mut data = vec![bound, seed];
                data.extend_from_slice(doc.as_bytes());
                fuzz_scanner(&data);
            }
        }
    }
}
