# bash completion for srvpubctl(1)

_srvpubctl_domains() {
        timeout 2 srvpubctl status --json 2>/dev/null | sed -n 's/^{"domain": "\([^"]*\)".*/\1/p'
}

_srvpubctl() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
        local word verb='' domain='' words=''
        local -A options=(
                [status]='--json --timeout'
                [plan]='--json --nsupdate --timeout'
                [publish]='--timeout'
                [withdraw]='--all --timeout'
                [forget]='--timeout'
                [takeover]='--from --port --yes --timeout'
        )

        COMPREPLY=()
        case $previous in
        --from | --port | --timeout) return ;;
        esac
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case $word in
                -*) ;;
                *) if [ -z "$verb" ]; then verb=$word; else domain=$word; fi ;;
                esac
        done
        if [ -z "$verb" ]; then
                words="${!options[*]} --help --version"
        elif [[ $current == -* ]]; then
                words=${options[$verb]:-}
        elif [ -n "${options[$verb]:-}" ] && [ -z "$domain" ]; then
                words=$(_srvpubctl_domains)
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _srvpubctl srvpubctl
