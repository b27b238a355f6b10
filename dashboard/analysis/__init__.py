"""Pure calculations with numpy: rates, surfaces, tests of significance, siting."""
