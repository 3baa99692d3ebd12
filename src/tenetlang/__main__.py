"""`python -m tenetlang` is `tenet`."""

import sys

from tenetlang.cli.main import main

sys.exit(main())
