"""Result documents as they were before results had types: no figure of them may be another after it.

`expected` has the documents. They were written anew once, when trust came to be judged figure by figure: nothing but
verdicts, what follows from them and sentences differed, path by path. `inputs` builds the same results with the program
as it is now; `before` puts these into the old shape; `test_golden` compares every number, null, boolean and word, path
by path.
"""
