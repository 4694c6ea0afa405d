# Completion of lifecycle for fish. The program says what could follow; this hands it the words and its answers to fish.

function __lifecycle_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program __complete $words "$current" 2>/dev/null)
    set -q lines[1]; or return
    set -l directive (string replace -r '^:' '' -- $lines[-1])
    set -e lines[-1]
    if test (count $lines) -eq 0
        if test (math "bitand($directive, 4)") -eq 0
            # After "--flag=" the path begins behind the equals sign.
            set -l head ''
            string match -qr -- '^--[^=]*=' $current; and set head (string match -r -- '^--[^=]*=' $current)
            for path in (__fish_complete_path (string replace -- "$head" '' $current))
                echo -- $head$path
            end
        end
        return
    end
    printf '%s\n' $lines
end

for program in lifecycle temporal-lifecycle kubectl-lifecycle
    complete -c $program -f -k -a '(__lifecycle_complete)'
end
