// SPDX-License-Identifier: GPL-2.0-only
//
// What the boxes of mconf say. The short texts are those of Linux's scripts/kconfig/mconf.c,
// which its users know; the pages of help are our own.

export const MENU_INSTRUCTIONS =
	"Arrow keys navigate the menu.  <Enter> selects submenus ---> (or empty submenus ----).  " +
	"Highlighted letters are hotkeys.  Pressing <Y> includes, <N> excludes, <M> modularizes " +
	"features.  Press <Esc><Esc> to exit, <?> for Help, </> for Search.  " +
	"Legend: [*] built-in  [ ] excluded  <M> module  < > module capable";

/** On the last line of the screen: what mconf does not have. */
export const MENU_HINT = "<J> jump to anything   <I> information   <W> why?   <Z> show hidden";

export const RADIOLIST_INSTRUCTIONS =
	"Use the arrow keys to navigate this window or press the hotkey of the item you wish to " +
	"select followed by the <SPACE BAR>. Press <?> for additional information about this option.";

const TO_BUTTONS = "Use the <TAB> key to move from the input field to the buttons below it.";

export const INPUTBOX_INSTRUCTIONS: Readonly<Record<string, string>> = {
	integer: `Please enter a decimal value. Fractions will not be accepted.  ${TO_BUTTONS}`,
	hex: `Please enter a hexadecimal value. ${TO_BUTTONS}`,
	string: `Please enter a string value. ${TO_BUTTONS}`,
};

export const INVALID_ENTRY = "You have made an invalid entry.";

/** On the last line of the screen while an explanation is shown. */
export const WHY_HINT = "<S> set these values   ";
export const WHY_HINT_VALUES = "<Y> <M> <N> ask about another value";

export const SETMOD_TEXT =
	"This feature depends on another which has been configured as a module.\n" +
	"As a result, this feature will be built as a module.";

export const LOAD_CONFIG_TEXT =
	"Enter the name of the configuration file you wish to load.  Accept the name shown to " +
	"restore the configuration you last retrieved.  Leave blank to abort.";

export const SAVE_CONFIG_TEXT =
	"Enter a filename to which this configuration should be saved as an alternate.  " + "Leave blank to abort.";

export const EXIT_QUESTION =
	"Do you wish to save your new configuration?\n" + "(Press <ESC><ESC> to continue kernel configuration.)";

export const END_OF_CONFIGURATION =
	"\n\n*** End of the configuration.\n" + "*** Execute 'make' to start the build or try 'make help'.\n\n";

export const NOT_SAVED = "\n\nYour configuration changes were NOT saved.\n\n";

export const NOT_WRITTEN =
	"\n\nError while writing of the configuration.\nYour configuration changes were NOT saved.\n\n";

export const LOAD_CONFIG_HELP = `
Configurations can be kept in as many files as you like. The name of
any of them may be entered here, and its values take the place of the
present ones.

Changes that have not been saved are lost by this. Leave the line empty,
or press <Esc><Esc>, to go back without loading anything.
`;

export const SAVE_CONFIG_HELP = `
The configuration is written to the file that is entered here. From
then on it is that file which is edited, and which <Exit> offers to save.

Leave the line empty, or press <Esc><Esc>, to go back without saving.
`;

export const SEARCH_HELP = `
Finds symbols by their names, and shows what there is to say of each.
The text is a regular expression; capitals and small letters are the
same.

  USB     every symbol with USB in its name
  ^USB    those whose names begin with it
  USB$    those whose names end with it

The prefix of the configuration file (CONFIG_) may be given or left
out. A symbol with exactly this name comes first, the others in order
of name.

What the lines of a result mean:

  Symbol       its name, and its value in brackets
  Type         bool, tristate, integer, hex or string
  Range        the numbers that are allowed
  Defined at   file and line of each definition
  Prompt       the text by which it is shown in a menu
  Depends on   what must be met for it to be shown and set
  Visible if   what must be met for the prompt, where this is more
  Location     the menus that lead there. A number in brackets in front
               of a line is a key: it goes there. <Exit> comes back.
  Selects      what becomes y or m together with it
  Selected by  what makes it y or m, by the value that this gives
  Implies, Implied by
               the same for defaults, which the user may override

To look through prompts, menus and comments too, use <J> in a menu.
`;

export const README = `Menus
-----
Each line is an entry. What is in front of it says what can be done:

  [ ] [*]        excluded, or built in
  < > <M> <*>    excluded, a module, or built in
  {M} {*}        something else needs it: a module, or built in
  -M- -*-        something else decides; it cannot be changed here
  (value)        a number or a text; <Enter> edits it
  --->           a menu to enter; ---- has nothing to show
  *** text ***   a remark

(NEW) marks what the configuration file says nothing about.

  Up, Down, PgUp, PgDn, Home, End    move
  Enter          enter a menu, a choice or a value
  Y  M  N        built in, module, excluded
  Space          the next value that is possible
  a letter       to the next entry with this letter marked
  Left, Right, Tab
                 another button at the bottom
  ?  H  F1       help on the entry
  Esc Esc, E, X  back; out of the main menu this is the end
  Z  F4          show also what cannot be changed now, or no longer
  /  F8          search for symbols by name
  F6  F7         save to, or load from, another file

And more than the kernel's mconf has (small letters work too where no
entry has them as its letter):

  J  Ctrl-F      jump to any symbol, choice, menu or comment: type
                 parts of its name or text
  I  F2          information: dependencies with the value of each
                 part, where the value comes from, who selects it
  W  F3          why it has not another value, and what would give it one:
                 <S> there sets what is proposed, <Y> <M> <N> ask about
                 another value

Choices
-------
One of several. Move to it and press <Space> or <Enter>.

Values
------
Type the value and press <Enter>. Hexadecimal numbers need no 0x.
<Tab> goes to the buttons, with <Help> among them.

Text
----
The arrow keys scroll, and so do those of vi and less. <Enter>, <Q>,
<E> or <Esc><Esc> closes the text.

At the end
----------
Leaving the main menu asks whether to save. <Esc><Esc> there goes back
to the menu, and <No> leaves the file as it was.

Environment
-----------
  KCONFIG_CONFIG     the configuration file, if it is not .config
  MENUCONFIG_MODE    single_menu: all in one list; <Enter> unfolds menus
  MENUCONFIG_COLOR   classic, bluetitle (the default), blackbg or mono
  NO_COLOR           if set, the same as mono
`;
