# bash completion for registry(1)

_registry() {
    local cur prev words cword
    _init_completion || return

    case $prev in
        --migration | --reason | --by | --row | --batch-job | --limit | --wait | --table | --max-job-retry | -r | --count | --date | --tag | --name | --expires)
            return
            ;;
        --role)
            mapfile -t COMPREPLY < <(compgen -W 'read operate' -- "$cur")
            return
            ;;
        --batch-jobs | --rows-per-second | --migrations)
            mapfile -t COMPREPLY < <(compgen -W 'unlimited default' -- "$cur")
            return
            ;;
    esac

    local candidates=
    case ${words[1]}:$cword in
        *:1) candidates='server check db demo token webhook background-migrate --help --version' ;;
        background-migrate:2)
            candidates='status why show jobs pause start resume run retry quarantine waive verify events budget priority'
            ;;
        db:2)
            candidates='status check lint migrate rollback locks calculate-checksum clear-checksums drop-all dump fast-forward
                generate-docs prepare-rollback tag test'
            ;;
        demo:*) candidates='--rows' ;;
        token:2) candidates='create' ;;
        webhook:2) candidates='test' ;;
        token:*) candidates='--name --role --expires' ;;
    esac
    case ${words[1]}:${words[2]}:$cword in
        *:[0-2]) ;;
        background-migrate:status:*) candidates='--migration --all --watch --wait --json' ;;
        background-migrate:pause:* | background-migrate:start:* | background-migrate:resume:*)
            candidates='--migration --reason --dry-run'
            ;;
        background-migrate:run:*) candidates='--migration --max-job-retry' ;;
        background-migrate:retry:*) candidates='--migration --batch-job --reason --dry-run' ;;
        background-migrate:quarantine:*) candidates='--migration --json' ;;
        background-migrate:waive:*) candidates='--migration --by --reason --row --dry-run' ;;
        background-migrate:verify:*) candidates='--migration' ;;
        background-migrate:events:*) candidates='--migration --limit --json' ;;
        background-migrate:budget:*)
            candidates='set --migration --table --batch-jobs --rows-per-second --migrations --reason --dry-run --json'
            ;;
        background-migrate:priority:*) candidates='--reason --dry-run' ;;
        background-migrate:jobs:*) candidates='--all --limit' ;;
        db:migrate:*) candidates='--wait --dry-run' ;;
        db:rollback:*) candidates='--count --date --tag --dry-run' ;;
        db:locks:*) candidates='--force-release' ;;
        db:status:*) candidates='--verbose' ;;
    esac

    # Every command ends with a configuration file.
    if [[ $cword -gt 1 && $cur != -* ]]; then
        _filedir '@(yml|yaml)'
    fi
    local found
    mapfile -t found < <(compgen -W "$candidates" -- "$cur")
    COMPREPLY+=("${found[@]}")
} && complete -F _registry registry
