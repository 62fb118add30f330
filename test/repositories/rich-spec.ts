/** Everything that an index can say of a package: epoch, weak dependencies, scripts, ghosts, odd names, changelogs. */
export const richSpec = `Name: rich
Epoch: 2
Version: 1.5.0~rc1
Release: 1
Summary: Ünïcode <sum> & "quotes" 'and' 日本語
License: MIT AND Apache-2.0
URL: https://example.org/?a=1&b=2
Vendor: Example "Corp" & Sons
Packager: Jörg <j@example.org>
Group: Applications/System
Requires: bash >= 4, /bin/sh, /etc/rich.conf, /usr/share/rich/data
Requires: (foo >= 2 or bar), libc.so.6(GLIBC_2.2.5)(64bit), libc.so.6(GLIBC_2.34)(64bit), libc.so.6()(64bit)
Requires: libc.so.6(GLIBC_2.4)(64bit), virtual = 4, virtual(other), twice, twice >= 1, twice
Requires(pre): shadow-utils
Requires(post): systemd
Requires(preun): systemd
Requires(postun): systemd
Requires: systemd
Recommends: rec > 1
Recommends: (rec-a if rec-b)
Suggests: sug
Supplements: sup
Enhances: enh < 3:4-5
Conflicts: conf < 1:2-3
Conflicts: conf-b
Obsoletes: old <= 3
Obsoletes: older
Provides: virtual = 4, virtual(other)
Provides: /usr/share/rich/data

%description
Line one with <markup> & "quotes"
	a tab, ]]> and é

last line 日本語

%package empty
Summary: No files at all
BuildArch: noarch

%description empty
%package long
Summary: Long changelog
Version: 7
Release: 2.el9
BuildArch: noarch
%description long
Long.

%prep
%build
%install
cd %{buildroot}
mkdir -p etc/rich.d usr/bin usr/sbin usr/lib usr/share/rich/bin var/lib/rich var/log opt/rich/sbin "usr/share/rich dir"
echo c > etc/rich.conf
echo g > etc/rich.ghost
printf 'rich\\n' > usr/bin/rich
chmod 755 usr/bin/rich
ln -s rich usr/bin/rich-link
echo x > usr/lib/sendmail
echo l > var/log/rich.log
echo d > usr/share/rich/data
echo d > usr/share/rich/bin/datä
echo d > opt/rich/sbin/tool
echo d > "usr/share/rich dir/file & <x> 'y'"

%pre
echo pre
%post
echo post
%preun
echo preun
%postun
echo postun
%pretrans -p <lua>
print("pretrans")

%files
%config(noreplace) /etc/rich.conf
%dir /etc/rich.d
%ghost /etc/rich.ghost
/usr/bin/rich
/usr/bin/rich-link
/usr/lib/sendmail
/usr/share/rich
"/usr/share/rich dir/file & <x> 'y'"
/opt/rich
%ghost /var/log/rich.log
%dir /var/lib/rich

%files empty

%files long
%dir /usr/sbin

%changelog
* Wed Jan 15 2025 Jörg "J" <j@example.org> - 1.5.0-1
- thirteen
- more & <more> ]]>
* Wed Jan 15 2025 B <b@example.org> - 1.4
- twelve
* Wed Jan 15 2025 B <b@example.org> - 1.4
- eleven
* Tue Jan 14 2025 B <b@example.org>
- ten
* Mon Jan 13 2025 B <b@example.org> - 1.2
- nine
* Mon Jan 13 2025 B <b@example.org> - 1.2
- eight
* Mon Jan 13 2025 B <b@example.org> - 1.2
- seven
* Sun Jan 12 2025 B <b@example.org> - 1.2
- six
* Sun Jan 12 2025 B <b@example.org> - 1.2
- five
* Sun Jan 12 2025 B <b@example.org> - 1.2
- four
* Sun Jan 12 2025 B <b@example.org> - 1.2
- three
* Sat Jan 11 2025 B <b@example.org> - 1.2
- two
* Fri Jan 10 2025 B <b@example.org> - 1.2
- one
`
