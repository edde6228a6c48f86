"""Studies: arms trained side by side, each at a learning rate of its own, with several seeds.

What a study is (`spec`), what is to run next (`plan`) and what a finished run leaves (`lines`)
need neither torch nor a policy, but for the check of a study's trainable subsets as it is read.
"""
