package cli

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A command that audits in a way of its own takes the flags of check that make sense there. The others stay known, so that one
// environment and one config file do for all commands, but hidden, and are refused where they are typed.

// keep hides all flags of a command but these.
func keep(cmd *cobra.Command, names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Hidden || !slices.Contains(names, f.Name) })
}

// refuse says which flag was typed that is none of these. It has to be asked before the environment and the config file are read.
func refuse(cmd *cobra.Command, names []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(names, f.Name) {
			err = usageError{cmd.Name() + " takes no --" + f.Name, helpOf(cmd)}
		}
	})
	return err
}
