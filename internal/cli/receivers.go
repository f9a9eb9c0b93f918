package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailaudit/internal/receivers"
	"mailaudit/internal/report"
)

func newReceivers(w World) *cobra.Command {
	var own, file string
	cmd := &cobra.Command{
		Use: "receivers", Short: "what receivers ask of senders, as a file that can be changed", Args: cobra.NoArgs,
		Long: "receivers prints the books behind the forecast in the form that --receivers-file\n" +
			"takes, with what may stand in one. A file need not say more than what is to be\n" +
			"changed: what it does not name stays as the program has it.",
		Example:           "  mailaudit receivers > receivers.yaml\n  mailaudit receivers --check receivers.yaml",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			same := func(f *pflag.Flag) bool { return f.Name == "receivers-file" }
			if err := fromEnvironment(w, cmd.Flags(), same); err != nil {
				return err
			}
			if file != "" {
				return checkBooks(w, file)
			}
			books, err := readBooks(own)
			if err != nil {
				return err
			}
			text, err := receivers.Format(books)
			if err != nil {
				return err
			}
			_, err = w.Stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&own, "receivers-file", "", "with the changes of this `FILE`")
	cmd.Flags().StringVar(&file, "check", "", "only check this `FILE` of changes")
	return cmd
}

// readBooks are the books of receivers as a file changes them; without one, those of the program.
func readBooks(name string) ([]receivers.Book, error) {
	if name == "" {
		return receivers.Books, nil
	}
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	books, err := receivers.Read(name, text)
	if err != nil {
		return nil, firstOf(err)
	}
	return books, nil
}

// checkBooks reads a file of changes and says what it does.
func checkBooks(w World, name string) error {
	books, err := readBooks(name)
	if err != nil {
		return err
	}
	changed, added, off := receivers.Changes(books)
	_, err = fmt.Fprintf(w.Stdout, "%s: %s changed, %d added, %d off\n", report.Visible(name), number(changed, "requirement"), added, off)
	return err
}
