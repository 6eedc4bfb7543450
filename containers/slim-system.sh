#!/usr/bin/env bash
# Takes out of the operating system what no command of the suite, and nothing that Nextflow starts,
# uses: package management, accounts, file systems, time zones. What stays runs bash, ps, the usual
# text tools and Python. dpkg's own records stay true, so that scanners see what the image holds.
# The result lies in /rootfs. Runs inside the image build (containers/Dockerfile), on Debian or the public
# Python image.
set -euo pipefail

# In two steps: the first lot's removal scripts, and dpkg itself (diff), need the second. What is not
# installed is passed over.
remove() {
    dpkg --purge --force-depends --force-remove-essential --force-remove-protected "$@" 2>&1 |
        grep -v -e "isn't installed" -e 'overriding problem' -e '^dpkg: .*dependency problems' >/dev/null || true
}
remove tzdata libpam-runtime libpam-modules libpam-modules-bin util-linux-extra
# dbm and nis, and what only they link to.
remove libdb5.3 libnsl2 libtirpc3 libtirpc-common libgssapi-krb5-2 libkrb5-3 libk5crypto3 \
    libkrb5support0 libkeyutils1 libcom-err2
rm -f /usr/lib/python3*/lib-dynload/{_dbm,nis}.* /usr/local/lib/python3*/lib-dynload/{_dbm,nis}.*
remove apt libapt-pkg6.0 gpgv debian-archive-keyring libgnutls30 libhogweed6 libnettle8 libp11-kit0 \
    libtasn1-6 libidn2-0 libunistring2 libseccomp2 libxxhash0 \
    passwd login adduser libpam0g libsemanage2 libsemanage-common libsepol2 libaudit1 libaudit-common \
    libcap-ng0 \
    e2fsprogs libext2fs2 libss2 logsave mount util-linux bsdutils libfdisk1 libmount1 libblkid1 \
    libsmartcols1 \
    perl-base debconf libdebconfclient0 sysvinit-utils init-system-helpers diffutils ncurses-bin \
    usr-is-merged

# gconv: conversions for iconv; Python brings its own. Python's installer, translator of Python 2,
# help texts and demonstrations; and pip of the public image: packages live in /opt/srna-augment.
rm -rf /usr/lib/*/gconv /usr/share/zoneinfo /usr/share/{doc-base,lintian,man,info,locale} \
    /usr/sbin/update-passwd
for library in /usr/lib/python3* /usr/local/lib/python3*; do
    rm -rf "$library"/{ensurepip,lib2to3,pydoc_data,idlelib,turtledemo,tkinter,test} \
        "$library"/turtle.py "$library"/site-packages/pip{,-*}
done
rm -f /usr/local/bin/{pip*,idle*,2to3*,pydoc*}

# Python's own bytecode: Debian has all of it, the public image none. As in trim.sh.
library="$(python3 -c 'import os; print(os.path.dirname(os.__file__))')"
find "$library" -name __pycache__ -prune -exec rm -rf {} +
rarely='unittest|xmlrpc|distutils|wsgiref|curses|sqlite3|dbm|xml|msilib|site-packages|dist-packages'
rarely+='|encodings/(big5|cp|euc|gb|hp|iso|johab|koi8|mac|shift)[a-z0-9_]*\.py'
rarely+='|(_py|doctest|pdb|mailbox|imaplib|nntplib|smtplib|ftplib|pickletools|optparse)[a-z]*\.py'
PYTHONHASHSEED=0 python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash -x "/($rarely)(/|$)" "$library"
rm -rf /var/lib/apt /var/cache/* /var/log/* /var/backups/*
rm -f /var/lib/dpkg/*-old /etc/{passwd,group,shadow,gshadow}-

# What stays must have the libraries that it links to: the build stops here otherwise.
broken=0
for file in /usr/bin/* /usr/sbin/* /usr/lib/python3*/lib-dynload/*.so \
    /usr/local/bin/* /usr/local/lib/python3*/lib-dynload/*.so; do
    if ldd "$file" 2>/dev/null | grep 'not found'; then
        echo "slim-system: $file lacks a library" >&2
        broken=1
    fi
done
[ "$broken" = 0 ]

# A copy in /rootfs, with time stamps that are the same in every build, and nothing of what docker mounts
# while it builds: names of this machine and network.
mkdir -p /rootfs/{dev,proc,sys,run,tmp,mnt}
chmod 1777 /rootfs/tmp
for entry in /*; do
    case "$entry" in
        /rootfs | /dev | /proc | /sys | /run | /tmp | /mnt) ;;
        *) cp -a "$entry" /rootfs/ ;;
    esac
done
for file in hostname hosts resolv.conf; do : >"/rootfs/etc/$file"; done
find /rootfs -exec touch --no-dereference --date='2025-01-01T00:00:00Z' {} +
