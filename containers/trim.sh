#!/usr/bin/env bash
# Takes out of /opt/srna-augment what nothing runs, compiles the rest, fixes every time stamp so that two
# builds give the same files, and moves all to /rootfs. Runs inside the image build (containers/Dockerfile).
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
# after they were linked, which strip does not survive.
find . -type d -name tests -prune -exec rm -rf {} +
rm -rf joblib/test tensorflow/include pyarrow/{include,includes,src} numpy/_core/include numpy/distutils numpy/f2py/src
find . -type f \( -name '*.pyi' -o -name '*.p[yx][xdi]' -o -name '*.p[yx][xdi].*' -o -name '*.[ach]' \
    -o -name '*.lib' -o -name '*.cpp' -o -name '*.hpp' \) -delete
find . -type f \( -name '*.so' -o -name '*.so.[0-9]*' \) -not -path '*.libs/*' \
    -exec strip --strip-unneeded {} +

# Modules of tests. numpy's _simd is one of them.
rm -f numpy/_core/_simd.*
find . -type f -regex './\(numpy\|scipy\)/.*/\(_[a-z_]*_tests\|_c?test[a-z_]*\)\..*so' -delete

# What is loaded only when asked for, and nothing asks: parts of SciPy and scikit-learn, sample data, matrix market
# files, formats of pictures and tables, windows on a screen, colouring of sources other than Python's,
# makers of fonts, and fonts (figures and their formulas are set in DejaVu Sans).
rm -rf scipy/{signal,cluster,odr} sklearn/{cluster,gaussian_process,mixture}
rm -rf fontTools/{feaLib,ufoLib,designspaceLib,voltLib,mtiLib}
rm -rf matplotlib/mpl-data/sample_data sklearn/datasets/{data,images}
rm -f scipy/io/_fast_matrix_market/_fmm_core.*
rm -f PIL/_{avif,webp,imagingcms}.* pillow.libs/lib{avif,webp,sharpyuv,lcms2}*
rm -f matplotlib/backends/{_tkagg,_macosx,backend_{gtk,qt,tk,wx,macosx,nbagg,webagg}}*
rm -rf matplotlib/backends/{qt_editor,web_backend}
# Time zones, of which pandas wants two collections: no time is read.
rm -rf pytz/zoneinfo tzdata/zoneinfo
if [ -d pygments ]; then
    find pygments/lexers -name '*.py' -not -name '_*' -not -name 'python.py' -not -name 'special.py' -delete
fi
find . -path './matplotlib/mpl-data/fonts/*' \( -name '*.afm' -o -name 'DejaVuS*Mono*.ttf' \
    -o -name 'DejaVuSerif*.ttf' -o -name 'STIX*.ttf' \) -delete

# NumPy and SciPy each bring the same Fortran libraries: one copy.
for library in scipy.libs/*; do
    if cmp --silent "$library" "numpy.libs/${library##*/}"; then
        ln -sf "../numpy.libs/${library##*/}" "$library"
    fi
done

# Parts of Arrow that reach other machines, other formats than CSV and Parquet, encryption; its libraries
# twice under other names.
rm -f pyarrow/*flight* pyarrow/libarrow_s3* pyarrow/_{s3fs,gcsfs,azurefs,hdfs,pyarrow_cpp_tests}* \
    pyarrow/{_,_dataset_}orc.* pyarrow/{_,_dataset_,libarrow_python_}parquet_encryption.* pyarrow/_substrait.*
for library in pyarrow/*.so.*.*.*; do
    if [ -f "$library" ]; then
        for name in "${library%.*.*}" "${library%.so.*}.so"; do
            if cmp --silent "$library" "$name"; then ln -sf "${library##*/}" "$name"; fi
        done
    fi
done

# Without bytecode each start compiles all it imports again, since the image is read-only. Unchecked:
# bound to the image, not to time stamps. Left out are parts that are large and hardly imported. One
# process: which objects bytecode shares depends on what was compiled before it.
rarely='fontTools|pygments|testing|PIL|packaging|array_api_compat/torch|mpl_toolkits'
rarely+='|scipy/(datasets|io|fftpack|_lib/(pyprima|cobyqa))|matplotlib/(backends|sphinxext)|pandas/plotting'
rarely+='|sklearn/(datasets|inspection|neural_network)'
rarely+='|sklearn/(feature_extraction|feature_selection|impute)|rich/_unicode_data'
rarely+='|narwhals/_(pandas_like|polars|dask|spark_like|duckdb|ibis|sql)'
"$root/bin/python" -m compileall -q -j 1 --invalidation-mode unchecked-hash -x "/($rarely)/" . || true

# Nothing that is used may have gone: the build stops here if it has.
for module in numpy scipy.stats pandas pyarrow.csv pyarrow.parquet sklearn.ensemble sklearn.manifold \
    sklearn.linear_model lightgbm anndata \
    matplotlib.pyplot h5py rich_click tensorflow deeplift multiqc; do
    if [ -d "${module%%.*}" ]; then
        "$root/bin/python" -c "import $module" >/dev/null
    fi
done

# uv's note of when the wheel was made.
for note in *.dist-info/uv_cache.json; do
    if [ -f "$note" ]; then
        sed -i '/uv_cache\.json/d' "${note%/*}/RECORD"
        rm "$note"
    fi
done

# Docker keeps the time stamps of what lies in the folder that it copies, not that of the folder.
mkdir -p /rootfs/opt
mv "$root" /rootfs/opt/
find /rootfs -exec touch --no-dereference --date='2025-01-01T00:00:00Z' {} +
