/** systemd.unit(5): where packages put units. Debian and the RPM distributions agree since both merged /lib into /usr/lib. */
export const unitFolder = '/usr/lib/systemd/system'
