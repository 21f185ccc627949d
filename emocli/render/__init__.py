"""Outputs that need pictures or sound: the annotated video, clips, and videos with a subtitle track."""
