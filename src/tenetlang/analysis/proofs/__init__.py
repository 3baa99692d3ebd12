"""Claims, refinement and equivalence: proved for all requests, or broken by one."""
