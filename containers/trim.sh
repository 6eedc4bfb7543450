#!/usr/bin/env bash
# Takes out of /opt/srna-augment what nothing runs, compiles the rest, and fixes every time stamp so
# that two builds give the same files. Runs inside the image build (containers/Dockerfile).
set -euo pipefail

root=/opt/srna-augment
site="$(echo "$root"/lib/python3*/site-packages)"
cd "$site"

# TensorFlow declares libclang, and never loads it.
rm -rf clang libclang-*.dist-info

# MultiQC: one build of Polars is enough, `compat` runs on every processor; static plots need a whole
# browser; cloud services are not called.
if [ -d _polars_runtime_compat ]; then rm -rf _polars_runtime_32; fi
rm -rf kaleido/executable botocore/data

# Tests, headers, sources of compiled modules, debugging symbols. The libraries in *.libs were edited
# after they were linked, which strip does not always survive.
find . -type d -name tests -prune -exec rm -rf {} +
rm -rf tensorflow/include pyarrow/include numpy/_core/include numpy/distutils \
    matplotlib/mpl-data/sample_data
find . -type f \( -name '*.pyi' -o -name '*.p[yx][xdi]' -o -name '*.[ach]' -o -name '*.lib' \
    -o -name '*.cpp' -o -name '*.hpp' \) -delete
find . -type f \( -name '*.so' -o -name '*.so.[0-9]*' \) -not -path '*.libs/*' \
    -exec strip --strip-unneeded {} +

# Parts of Arrow that reach other machines; its libraries twice under other names.
rm -f pyarrow/*flight* pyarrow/libarrow_s3* pyarrow/_{s3fs,gcsfs,azurefs,hdfs}*
for library in pyarrow/*.so.*.*.*; do
    if [ -f "$library" ]; then
        for name in "${library%.*.*}" "${library%.so.*}.so"; do
            if cmp --silent "$library" "$name"; then ln -sf "${library##*/}" "$name"; fi
        done
    fi
done

# Without bytecode each start compiles all it imports again, since the image is read-only. Unchecked:
# bound to the image, not to time stamps. The two packages left out are large and hardly imported.
"$root/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(fontTools|pygments|f2py)/' . || true

# Nothing that is used may have gone: the build stops here if it has.
for module in numpy scipy.stats pandas pyarrow.csv pyarrow.parquet sklearn.ensemble lightgbm anndata \
    matplotlib.pyplot h5py rich_click tensorflow deeplift multiqc; do
    if [ -d "${module%%.*}" ]; then
        "$root/bin/python" -c "import $module" >/dev/null
    fi
done

find "$root" -exec touch --no-dereference --date='2025-01-01T00:00:00Z' {} +
