#!/bin/sh
# Installs PausePoint as a service of this machine, upgrades it in place, and removes it. `install.sh --help` tells what
# can be asked of it, docs/install.md the whole story. It needs no network: all it installs lies in the folder it is
# given, and is copied, checked there, and only then put in place.
#
# An upgrade stops the service, saves the data with the version that is installed, and starts the new one. When that does
# not get ready, what was there before is put back: the executable, the unit, and the data where it was migrated.
set -eu
umask 022

executable=/usr/local/bin/pausepoint
admin=/usr/local/sbin/pausepoint-admin
unit=/etc/systemd/system/pausepoint.service
configuration=/etc/pausepoint
library=/usr/local/lib/pausepoint # this script's own copy, what is being installed, and what was before
data=/var/lib/pausepoint
cache=/var/cache/pausepoint
user=pausepoint

main() {
  command=install from='' fingerprint='' dry_run='' purge='' start=yes unsigned='' patience=300
  while [ $# -gt 0 ]; do
    case $1 in
      install | uninstall) command=$1 ;;
      --from | --fingerprint | --start-timeout)
        [ $# -ge 2 ] || wrong "$1 takes a value."
        case $1 in
          --from) from=$2 ;;
          --fingerprint) fingerprint=$2 ;;
          --start-timeout) patience=$2 ;;
        esac
        shift
        ;;
      --from=*) from=${1#*=} ;;
      --fingerprint=*) fingerprint=${1#*=} ;;
      --start-timeout=*) patience=${1#*=} ;;
      --allow-unsigned) unsigned=yes ;;
      --no-start) start='' ;;
      --purge) purge=yes ;;
      --dry-run) dry_run=yes ;;
      -h | --help) usage && exit 0 ;;
      *) wrong "There is no \"$1\"; see $0 --help." ;;
    esac
    shift
  done
  case $patience in '' | *[!0-9]*) wrong "--start-timeout takes whole seconds." ;; esac
  [ -z "$purge" ] || [ "$command" = uninstall ] || wrong "--purge goes with uninstall."
  if [ -z "$dry_run" ] && [ "$(id -u)" != 0 ]; then
    wrong "This makes a user and a service, which root alone can; run it with sudo, or with --dry-run to see each step."
  fi
  one_at_a_time
  "do_$command"
}

usage() {
  cat <<'END'
install.sh [install] [--from FOLDER]   install, or upgrade what is installed
install.sh uninstall [--purge]         remove it; configuration and data stay, unless --purge

  --from FOLDER          a release folder, or a checkout after `npm run build` (default: the folder of this script)
  --fingerprint SHA256:… the fingerprint of the key that the release must be signed with
  --allow-unsigned       install a release though its signature can't be checked; its SHA-256 is
  --no-start             put everything in place and start nothing
  --start-timeout N      seconds in which a new version has to get ready (default 300)
  --dry-run              say each step and change nothing; needs no root
END
}

# --- installing --------------------------------------------------------------------------------------------------------

do_install() {
  find_source
  check_machine
  stage
  was=$(version_of "$executable")
  make_user_and_folders
  check_new_version
  if [ -f "$library/upgrading" ] && ! cmp -s "$executable" "$library/before/pausepoint"; then
    was=$(version_of "$library/before/pausepoint")
    backup=$(cat "$library/upgrading")
    say "An upgrade from PausePoint $was was interrupted before the new version was ready; it is taken up again."
  elif [ -n "$was" ] && is_in_place; then
    say "PausePoint $was is installed already, from the same files."
    put_rest_in_place
    start_unless_running
    finish
    return 0
  fi
  if [ -n "$was" ]; then upgrade; else install_first; fi
  finish
}

install_first() {
  put_in_place
  if ! start_and_wait; then
    stop_service
    die "PausePoint is installed and does not get ready. Correct what is said above, then run this again."
  fi
}

upgrade() {
  if [ -n "$start" ] || service_runs; then resume=yes; else resume=''; fi
  keep_what_is_there
  # From here on, whatever ends this script, what was there before is put back: see at_exit.
  trap 'exit 130' HUP INT TERM
  half_done=yes
  stop_service
  back_up
  put_in_place
  if ! start_and_wait; then
    half_done='' failed=$now
    roll_back
    die "PausePoint $failed did not get ready; $was is back in place${resumed:-}."
  fi
  do_it "Note that the upgrade is done" rm -f "$library/upgrading"
  half_done=''
}

# The folder that everything is taken from, as `from`, and what it is, as `kind`.
find_source() {
  [ -n "$from" ] || from=$(dirname "$0")
  [ -d "$from" ] || wrong "There is no folder $from; name a release folder with --from."
  from=$(cd "$from" && pwd)
  case $(uname -m) in
    x86_64 | amd64) target=linux-x64 ;;
    aarch64 | arm64) target=linux-arm64 ;;
    *) die "PausePoint is made for x64 and arm64; this machine is $(uname -m)." ;;
  esac
  if [ -f "$from/SHA256SUMS" ]; then
    kind=release built="pausepoint-$target" parts=$from
    [ -f "$from/$built" ] || die "The release in $from has nothing for this machine: $built is missing."
  elif [ -f "$from/dist/pausepoint" ] && [ -d "$from/scripts/packaging" ]; then
    kind=build built=dist/pausepoint parts=$from/scripts/packaging
  else
    wrong "$from is no release folder, which has SHA256SUMS, and no checkout with dist/pausepoint; name one with --from."
  fi
}

check_machine() {
  [ ! -x /usr/bin/pausepoint ] || die "PausePoint is installed as a Debian package here; upgrade it with dpkg, or remove it first, which leaves the data."
  [ "$(uname -s)" = Linux ] || die "PausePoint is installed on Linux; this is $(uname -s)."
  for tool in sha256sum install setpriv useradd flock; do
    command -v "$tool" >/dev/null || die "This needs the command $tool, which this machine has not (coreutils, util-linux, passwd)."
  done
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //') || glibc=''
  [ -n "$glibc" ] || die "PausePoint needs the GNU C library, 2.34 or newer; this system has another one."
  [ "$(printf '2.34\n%s\n' "$glibc" | sort -V | head -n 1)" = 2.34 ] || die "PausePoint needs glibc 2.34 or newer; this system has $glibc."
  size=$(($(wc -c <"$from/$built") / 1024))
  room=$(df -Pk "$(existing_folder "$library")" | awk 'NR == 2 { print $4 }')
  # The new one twice while it is put in place, and what was there before.
  [ "$room" -gt $((3 * size)) ] || die "There is too little room at $library: $((3 * size / 1024)) MB are needed, $((room / 1024)) MB are free."
}

existing_folder() {
  folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  printf '%s\n' "$folder"
}

# Copies first, so that what was checked is what is installed, and checks the copies.
stage() {
  if [ -n "$dry_run" ]; then
    staged=$(mktemp -d)
    say "would: copy $from to $library/new, and check it there; for this dry run it is done in $staged"
  else
    staged=$library/new
    rm -rf "$staged"
    install -d -m 0755 "$library" "$staged"
  fi
  trap 'at_exit' EXIT
  if [ "$kind" = release ]; then
    for name in SHA256SUMS SHA256SUMS.sig release-key.pub; do
      [ ! -f "$from/$name" ] || install -m 0644 "$from/$name" "$staged/$name"
    done
    check_signature
  fi
  copy 0755 "$from/$built" pausepoint
  copy 0644 "$parts/pausepoint.service" pausepoint.service
  copy 0755 "$parts/pausepoint-admin" pausepoint-admin
  copy 0644 "$from/pausepoint.config.ts" pausepoint.config.ts
  copy 0755 "$from/install.sh" install.sh
  # The one setting that an installed server differs in from what the file says by itself.
  sed 's|^  //dataDir: .*|  dataDir: "/var/lib/pausepoint",|' "$staged/pausepoint.config.ts" >"$staged/configuration"
  grep -q '^  dataDir: "/var/lib/pausepoint",$' "$staged/configuration" || die "pausepoint.config.ts in $from has no line for dataDir."
}

# copy MODE FILE NAME: FILE as NAME among what is to be installed, if its SHA-256 is the one that is listed.
copy() {
  [ -f "$2" ] || die "$2 is missing; get the release or the build again."
  install -m "$1" "$2" "$staged/$3"
  if [ "$kind" = release ]; then
    listed=$(awk -v name="${2##*/}" '$2 == name || $2 == "*" name { print $1 }' "$staged/SHA256SUMS")
  elif [ "$3" = pausepoint ] && [ -f "$2.sha256" ]; then
    listed=$(awk '{ print $1 }' "$2.sha256")
  elif [ "$3" = pausepoint ]; then
    listed=''
  else
    return 0 # a checkout lists its executable alone
  fi
  [ -n "$listed" ] || die "There is no SHA-256 for ${2##*/}; nothing was changed."
  found=$(sha256sum "$staged/$3" | awk '{ print $1 }')
  [ "$found" = "$listed" ] || die "${2##*/} is damaged or was changed: its SHA-256 is $found, and should be $listed. Nothing was changed."
}

# The signature of SHA256SUMS, by the key that was trusted before or by the one that --fingerprint names; on the very
# first installation, without either, by the key that lies in the folder, and that is said.
check_signature() {
  if ! command -v ssh-keygen >/dev/null; then
    [ -n "$unsigned" ] || die "The signature can't be checked without ssh-keygen (Debian: openssh-client). Install it, or give --allow-unsigned."
    say "The signature is NOT checked, as you asked: this machine has no ssh-keygen."
    return 0
  fi
  if [ ! -f "$staged/SHA256SUMS.sig" ] || [ ! -f "$staged/release-key.pub" ]; then
    [ -n "$unsigned" ] || die "The release in $from is not signed; nothing was changed. Give --allow-unsigned if you made it yourself."
    say "The release is not signed, and you allowed that."
    return 0
  fi
  key=$staged/release-key.pub
  if [ -n "$fingerprint" ]; then
    [ "$(fingerprint_of "$key")" = "$fingerprint" ] || die "The release is signed with another key, $(fingerprint_of "$key"). Nothing was changed."
  elif [ -f "$configuration/release-key.pub" ]; then
    key=$configuration/release-key.pub
  else
    say "No key was trusted before: the one in the folder is, from now on. Compare its fingerprint with what is published:"
    say "  $(fingerprint_of "$key")"
  fi
  printf 'release %s\n' "$(cut -d ' ' -f 1,2 "$key")" >"$staged/signers"
  ssh-keygen -Y verify -f "$staged/signers" -I release -n pausepoint-release -s "$staged/SHA256SUMS.sig" \
    <"$staged/SHA256SUMS" >/dev/null 2>&1 ||
    die "The signature is not one of the trusted key $(fingerprint_of "$key"); nothing was changed. If the key was replaced, give the new one's --fingerprint."
  say "The signature is good: $(fingerprint_of "$key")"
}

fingerprint_of() {
  ssh-keygen -l -f "$1" | cut -d ' ' -f 2
}

make_user_and_folders() {
  if id "$user" >/dev/null 2>&1; then :; else
    do_it "Make the system user $user, who can't log in" \
      useradd --system --user-group --no-create-home --home-dir "$data" --shell /usr/sbin/nologin "$user"
  fi
  folder 0750 root "$configuration"
  folder 0700 "$user" "$data"
  folder 0700 "$user" "$cache"
  if [ -e "$configuration/pausepoint.config.ts" ]; then
    say "Leave $configuration/pausepoint.config.ts as it is."
  else
    do_it "Write $configuration/pausepoint.config.ts, with every setting as a comment" \
      install -m 0640 -o root -g "$user" "$staged/configuration" "$configuration/pausepoint.config.ts"
  fi
  if [ "$kind" = release ] && [ -f "$staged/signers" ] && ! cmp -s "$staged/release-key.pub" "$configuration/release-key.pub"; then
    if [ ! -f "$configuration/release-key.pub" ] || [ -n "$fingerprint" ]; then
      do_it "Trust this key for the upgrades to come: $configuration/release-key.pub" \
        install -m 0644 "$staged/release-key.pub" "$configuration/release-key.pub"
    fi
  fi
}

folder() {
  [ -d "$3" ] || do_it "Make the folder $3 for $2" install -d -m "$1" -o "$2" -g "$user" "$3"
}

# Before anything is stopped: the new executable runs here, and takes the configuration that is in place.
check_new_version() {
  now=$(version_of "$staged/pausepoint")
  [ -n "$now" ] || die "The new executable does not run on this machine: $(told_by "$staged/pausepoint" 2>&1 | head -n 3 | tr '\n' ' ')
${was:+PausePoint $was goes on as it was. }Nothing was replaced."
  say "PausePoint $now runs on this machine."
  if [ -n "$dry_run" ]; then
    say "would: check $configuration/pausepoint.config.ts with it"
  elif ! as_service "$staged/pausepoint" config check >/dev/null; then
    die "PausePoint $now does not take $configuration/pausepoint.config.ts, see above. ${was:+PausePoint $was goes on as it was. }Nothing was replaced."
  fi
}

version_of() {
  [ -x "$1" ] || return 0
  told_by "$1" 2>/dev/null | sed -n 's/^{"version":"\([^"]*\)".*/\1/p'
}

# In a shell of its own, so that also what a shell says of a program that crashes is said where it is asked for.
told_by() {
  sh -c '"$1" version --json; true' sh "$1"
}

is_in_place() {
  cmp -s "$staged/pausepoint" "$executable" && cmp -s "$staged/pausepoint.service" "$unit"
}

put_in_place() {
  do_it "Put PausePoint $now in place as $executable" replace 0755 "$staged/pausepoint" "$executable"
  put_rest_in_place
}

put_rest_in_place() {
  cmp -s "$staged/pausepoint-admin" "$admin" ||
    do_it "Put $admin in place, which runs commands as the service does" replace 0755 "$staged/pausepoint-admin" "$admin"
  cmp -s "$staged/install.sh" "$library/install.sh" ||
    do_it "Keep this script as $library/install.sh, for upgrades and to uninstall" replace 0755 "$staged/install.sh" "$library/install.sh"
  cmp -s "$staged/pausepoint.service" "$unit" ||
    do_it "Put the unit in place as $unit" replace 0644 "$staged/pausepoint.service" "$unit"
  enable_service
}

# replace MODE FILE PLACE: by a rename within PLACE's folder, so that at every moment one whole file stands there.
replace() {
  install -d -m 0755 "$(dirname "$3")"
  install -m "$1" "$2" "$3.new"
  sync "$3.new"
  mv -f -T "$3.new" "$3"
}

# --- upgrading ---------------------------------------------------------------------------------------------------------

keep_what_is_there() {
  if [ -n "${backup:-}" ]; then return 0; fi
  do_it "Keep PausePoint $was in $library/before, to go back to" keep_files
}

keep_files() {
  rm -rf "$library/before"
  install -d -m 0755 "$library/before"
  cp -p "$executable" "$library/before/pausepoint"
  for file in "$unit" "$admin" "$library/install.sh"; do
    [ ! -f "$file" ] || cp -p "$file" "$library/before/"
  done
}

# With the service stopped, so that nothing is written after it that going back would lose.
back_up() {
  if [ ! -f "$data/pausepoint.db" ]; then
    say "There is no data to save in $data."
  elif [ -n "${backup:-}" ]; then
    say "The data was saved before: $backup"
  else
    backup=$data/backups/before-$now-over-$was-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
    do_it "Save the data with PausePoint $was as $backup" save
  fi
  do_it "Note that an upgrade is under way, in $library/upgrading" note
}

save() {
  install -d -m 0700 -o "$user" -g "$user" "$data/backups"
  if PAUSEPOINT_ADMIN_UPGRADE=yes as_service "$executable" backup "$backup" >"$library/said" 2>&1; then
    head -n 1 "$library/said"
    rm -f "$library/said"
  else
    cat "$library/said" >&2
    die "The data could not be saved, so nothing was replaced; PausePoint $was goes on."
  fi
}

note() {
  printf '%s\n' "${backup:-}" >"$library/upgrading.new"
  mv -f "$library/upgrading.new" "$library/upgrading"
}

at_exit() {
  if [ -n "${half_done:-}" ] && [ -z "$dry_run" ]; then
    half_done=''
    trap '' HUP INT TERM
    say "The upgrade was not finished."
    roll_back
    say "PausePoint $was is in place${resumed:-}."
  fi
  rm -rf "$staged"
  rmdir "$library" 2>/dev/null || true
}

roll_back() {
  say "Going back to PausePoint $was."
  rm -f "$executable.new" "$admin.new" "$unit.new" 2>/dev/null || true
  stop_service
  before=$library/before
  put_back 0755 pausepoint "$executable"
  put_back 0755 pausepoint-admin "$admin"
  put_back 0755 install.sh "$library/install.sh"
  put_back 0644 pausepoint.service "$unit"
  reload_units
  if [ ! -f "$data/pausepoint.db" ] || as_service "$executable" keys list >/dev/null 2>"$library/said"; then
    say "The data is as PausePoint $was left it, or can be read by it."
  else
    cat "$library/said" >&2
    [ -n "${backup:-}" ] || die "PausePoint $was can't read the data, and there is no backup; see $data/backups."
    do_it "Bring back the data from $backup" restore
  fi
  rm -f "$library/said" "$library/upgrading"
  resumed=''
  [ -n "$resume" ] || return 0
  now=$was
  if start_and_wait; then resumed=' and serves'; else resumed=', but does not get ready either; see above'; fi
}

# What is there already needs no room, which may be what there is too little of.
put_back() {
  [ -f "$before/$2" ] || return 0
  cmp -s "$before/$2" "$3" || do_it "Put back $3 as it was" replace "$1" "$before/$2" "$3"
}

restore() {
  if PAUSEPOINT_ADMIN_UPGRADE=yes as_service "$executable" restore "$backup" --force >"$library/said"; then
    head -n 2 "$library/said"
  else
    die "The data could not be brought back. It is in $backup, and what the new version made of it in $data."
  fi
}

# --- the service -------------------------------------------------------------------------------------------------------

systemd_runs() {
  [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

enable_service() {
  reload_units
  wanted=/etc/systemd/system/multi-user.target.wants/pausepoint.service
  [ -L "$wanted" ] || do_it "Let it start with the machine" link_unit
}

link_unit() {
  if command -v systemctl >/dev/null; then
    systemctl --quiet enable pausepoint.service
  else
    install -d -m 0755 "$(dirname "$wanted")"
    ln -s "$unit" "$wanted"
  fi
}

reload_units() {
  if [ -z "$dry_run" ] && systemd_runs; then systemctl daemon-reload; fi
}

service_runs() {
  systemd_runs && systemctl --quiet is-active pausepoint.service
}

stop_service() {
  if systemd_runs; then
    [ "$(systemctl show -p ActiveState --value pausepoint.service)" = inactive ] ||
      do_it "Stop the service" systemctl stop pausepoint.service
  elif [ -z "$dry_run" ]; then
    stop_trial
    for process in /proc/[0-9]*; do
      [ "$(readlink "$process/exe" 2>/dev/null)" != "$executable" ] ||
        die "PausePoint runs as process ${process#/proc/}, and not by systemd; stop it first."
    done
  fi
}

start_service() {
  systemd_runs && systemctl start pausepoint.service
}

start_unless_running() {
  if service_runs; then say "The service runs."; else start_and_wait || die "PausePoint does not get ready; see above."; fi
}

# Starts it and answers whether it gets ready. Where systemd does not run, that is a trial: it is stopped again.
start_and_wait() {
  if [ -z "$start" ] && [ -z "${resume:-}" ]; then
    say "Nothing is started, as you asked."
  elif [ -n "$dry_run" ]; then
    say "would: start the service, and wait until it is ready; if it is not within $patience s, go back to what was before"
  elif systemd_runs; then
    say "Start the service."
    cursor=$(journalctl --quiet --lines=0 --show-cursor 2>/dev/null | sed -n 's/^-- cursor: //p') || cursor=''
    if start_service && wait_until_ready running_by_systemd; then
      say "PausePoint $now is ready."
    else
      journalctl --quiet --no-pager --output=cat ${cursor:+"--after-cursor=$cursor"} --unit pausepoint.service 2>/dev/null | tail -n 8 >&2
      return 1
    fi
  else
    say "systemd does not run here. PausePoint is started for a trial, and stopped when it is ready."
    start_trial
    if wait_until_ready running_by_trial; then
      stop_trial
      say "PausePoint $now was ready, and is stopped again."
    else
      stop_trial
      tail -n 8 "$library/trial" >&2
      return 1
    fi
  fi
}

wait_until_ready() {
  waited=0
  while "$1"; do
    if as_service "$executable" healthcheck >/dev/null 2>&1; then return 0; fi
    if [ "$waited" -ge "$patience" ]; then
      say "It is not ready after $patience s."
      return 1
    fi
    sleep 1
    waited=$((waited + 1))
  done
  say "It has ended by itself."
  return 1
}

# Not one that systemd has had to start again.
running_by_systemd() {
  service_runs && [ "$(systemctl show -p NRestarts --value pausepoint.service)" = 0 ]
}

start_trial() {
  # The script becomes the server, so that this is the server's own number.
  PAUSEPOINT_EXECUTABLE=$executable sh "$admin" serve >"$library/trial" 2>&1 9>&- &
  trial=$!
}

running_by_trial() {
  kill -0 "$trial" 2>/dev/null
}

stop_trial() {
  [ -n "${trial:-}" ] || return 0
  kill -TERM "$trial" 2>/dev/null || true
  wait "$trial" || true
  trial=''
}

# as_service EXECUTABLE ARGUMENT…: as the service's user, with its configuration and secrets.
as_service() {
  asked=$1 && shift
  script=$admin
  [ ! -f "${staged:-}/pausepoint-admin" ] || script=$staged/pausepoint-admin
  PAUSEPOINT_EXECUTABLE=$asked sh "$script" "$@"
}

finish() {
  rm -f "$library/trial" 2>/dev/null || true
  if [ -n "$dry_run" ]; then say "Nothing was changed."; return 0; fi
  say "Done. Configuration: $configuration/pausepoint.config.ts, data: $data."
  say "Make a key: pausepoint-admin keys create --name NAME --mode live"
  say "See whether all is in place: pausepoint-admin doctor"
}

# --- uninstalling ------------------------------------------------------------------------------------------------------

do_uninstall() {
  stop_service
  if [ -L /etc/systemd/system/multi-user.target.wants/pausepoint.service ]; then
    do_it "Let it start with the machine no more" rm -f /etc/systemd/system/multi-user.target.wants/pausepoint.service
  fi
  for file in "$unit" "$executable" "$admin"; do
    [ ! -e "$file" ] || do_it "Remove $file" rm -f "$file"
  done
  for folder in "$cache" "$library"; do
    [ ! -e "$folder" ] || do_it "Remove $folder" rm -rf "$folder"
  done
  reload_units
  if [ -n "$purge" ]; then
    for folder in "$data" "$configuration" /etc/systemd/system/pausepoint.service.d; do
      [ ! -e "$folder" ] || do_it "Remove $folder and all that is in it" rm -rf "$folder"
    done
    ! id "$user" >/dev/null 2>&1 || do_it "Remove the user $user" userdel "$user"
  elif [ -d "$data" ] || [ -d "$configuration" ]; then
    say "Configuration and data are left: $configuration and $data. uninstall --purge removes them, too."
  fi
  if [ -n "$dry_run" ]; then say "Nothing was changed."; else say "PausePoint is not installed any more."; fi
}

# --- what all of it is made of -----------------------------------------------------------------------------------------

# do_it WORDS COMMAND…: says what is done, and does it unless this is a dry run.
do_it() {
  words=$1 && shift
  if [ -n "$dry_run" ]; then say "would: $words"; else
    say "$words."
    "$@"
  fi
}

one_at_a_time() {
  [ -z "$dry_run" ] || return 0
  command -v flock >/dev/null || return 0
  exec 9>/run/pausepoint-install.lock
  flock -n 9 || die "Another install.sh is at work on this machine; wait until it is done."
}

say() {
  printf '%s\n' "$*"
}

die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

wrong() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 2
}

main "$@"
